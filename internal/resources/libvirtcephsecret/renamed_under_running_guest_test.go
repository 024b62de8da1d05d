//go:build cgo

package libvirtcephsecret_test

import (
	"fmt"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const beforeDestroy = "lifecycle {\n    create_before_destroy = true\n  }"

// Under create_before_destroy a secret with another usage name is created first. The former one stays while running domains use it: the
// plan and each apply name them, with what to do.
func TestAccLibvirtCephSecret_renamedUnderRunningGuest(t *testing.T) {
	bed := acctest.Bed(t)
	acctest.Ceph(t, "east", "osd", "pool", "create", "renamed", "8")
	acctest.RBD(t, "east", "pool", "init", "renamed")
	acctest.RBD(t, "east", "create", "--size", "4M", "renamed/disk")
	key := acctest.Ceph(t, "east", "auth", "get-or-create-key", "client.renamed", "mon", "profile rbd", "osd", "profile rbd pool=renamed")
	const former, usage = "client.renamed@former", "client.renamed@east"
	required := "terraform {\n  required_providers {\n    ceph = { source = \"ceph-libvirt/ceph\" }\n  }\n}\n" + acctest.Provider(t)
	disk := func(usage string) string {
		return "resource \"libvirt_rbd_disk\" \"test\" {\n  provider = ceph\n  hypervisor = \"kvm1\"\n  domain = \"renamed\"\n " +
			" cluster = \"east\"\n  pool = \"renamed\"\n  image = \"disk\"\n  user = \"renamed\"\n  secret_uuid = libvirt_ceph_secret.test.uuid\n " +
			" target_dev = \"vdb\"\n  attach_probe = false\n}\n" + writeOnly(usage, key, "1", beforeDestroy)
	}
	guest, err := bed.Hypervisor("kvm1").DefineGuest(t.Context(), testbed.GuestOptions{Name: "renamed", Paused: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := guest.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := acctest.NewWorkspaceOf(t, required+disk(former))
	w.Apply(t)
	w.Write(t, required+disk(usage))
	for range 2 {
		out, err := w.Try(t, "apply", "-auto-approve", "-input=false")
		if err == nil || !acctest.Message("refers to it any more").MatchString(out) ||
			!acctest.Message("Shut these domains down and start them").MatchString(out) ||
			!acctest.Message(fmt.Sprintf(`The secret %s on hypervisor "kvm1" is in use by renamed (vdb).`, defaultUUID(former))).MatchString(out) {
			t.Fatalf("apply: %v\n%s", err, out)
		}
		if !has(t, "kvm1", defaultUUID(former)) || !has(t, "kvm1", defaultUUID(usage)) {
			t.Fatal("one of the secrets is missing")
		}
	}
	if err := guest.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := guest.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Apply(t)
	if has(t, "kvm1", defaultUUID(former)) || !has(t, "kvm1", defaultUUID(usage)) {
		t.Error("after the restart the former secret is there, or the new one isn't")
	}
	if err := guest.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Destroy(t)
	if err := guest.Undefine(t.Context()); err != nil {
		t.Fatal(err)
	}
}
