//go:build cgo

package endtoend_test

import (
	"context"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// One apply rotates the users and updates the secrets of all hypervisors. When a host fails meanwhile, the error names it, the others
// are updated, and the next apply finishes. A host that is down from the start does not stop the others either.
func TestAccRotationReachesEveryHost(t *testing.T) {
	bed := acctest.Bed(t)
	kvm2 := bed.Hypervisor("kvm2")
	definedGuest(t.Context(), t, bed.Hypervisor("kvm1"), testbed.GuestOptions{Name: "keyless"})
	w := keysWorkspace(t)
	w.Apply(t)
	first := expectSameKeys(t)
	value := func(host, cluster string) string {
		return acctest.Virsh(t, host, "secret-get-value", secretOf(t, host, cluster))
	}

	w.Set(t, "key_generation", "2")
	w.Terraform(t, "plan", "-input=false", "-out=rotation.tfplan")
	if err := kvm2.Stop(); err != nil {
		t.Fatal(err)
	}
	start := func() {
		if err := kvm2.Start(context.Background()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() {
		if _, err := kvm2.Virsh(context.Background(), "list"); err != nil {
			start()
		}
	})
	out, err := w.Try(t, "apply", "-input=false", "rotation.tfplan")
	if err == nil || !strings.Contains(out, `hypervisor "kvm2"`) || strings.Contains(out, `hypervisor "kvm1"`) {
		t.Errorf("the host that failed is not named, or another one is: %v\n%s", err, out)
	}
	for _, cluster := range []string{"east", "west"} {
		key := acctest.Ceph(t, cluster, "auth", "print-key", "client.libvirt")
		if key == first[cluster] || value("kvm1", cluster) != key {
			t.Errorf("the key of %s is new: %v; kvm1 has it: %v", cluster, key != first[cluster], value("kvm1", cluster) == key)
		}
	}
	start()
	w.Apply(t)
	second := expectSameKeys(t)
	w.ExpectEmptyPlan(t)

	// The host is down from the start: the refresh names it, and secrets of other hosts can be rotated meanwhile.
	w.Set(t, "key_generation", "3")
	if err := kvm2.Stop(); err != nil {
		t.Fatal(err)
	}
	if out, err := w.Try(t, "plan", "-input=false"); err == nil || !strings.Contains(out, `hypervisor "kvm2"`) {
		t.Errorf("%v\n%s", err, out)
	}
	w.Apply(t, `-target=libvirt_ceph_secret.libvirt["east on kvm1"]`, `-target=libvirt_ceph_secret.libvirt["west on kvm1"]`)
	start()
	w.Apply(t)
	for cluster, key := range expectSameKeys(t) {
		if key == second[cluster] {
			t.Errorf("the key of %s was not rotated", cluster)
		}
	}
	w.ExpectEmptyPlan(t)
	w.Destroy(t)
}
