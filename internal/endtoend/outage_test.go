//go:build cgo

package endtoend_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const (
	// commandLimit is far more than a refresh with an unreachable cluster may take, and far less than librados would wait by itself.
	commandLimit = 90 * time.Second
	// shortLimit is the time limit of the unreachable entry in commands that ask it. longLimit is its limit in commands that must not
	// wait for it: if they did, they would exceed commandLimit.
	shortLimit, longLimit = "3s", "30m"
)

// within fails the test when do takes longer than commandLimit.
func within(t *testing.T, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(commandLimit):
		t.Errorf("%s did not end", what)
		<-done
	}
}

// diskOf returns a disk of a domain: the image of resourcesFor with the same ID.
func diskOf(id, cluster, hypervisor, domain string) string {
	return strings.NewReplacer("ID", id, "CLUSTER", cluster, "HYPERVISOR", hypervisor, "DOMAIN", domain).Replace(`
resource "libvirt_rbd_disk" "ID" {
  provider    = ceph
  hypervisor  = "HYPERVISOR"
  domain      = "DOMAIN"
  cluster     = "CLUSTER"
  pool        = ceph_pool.ID.name
  image       = ceph_rbd_image.ID.name
  user        = ceph_user.ID.name
  secret_uuid = libvirt_ceph_secret.ID.uuid
  target_dev  = "vdb"
}
`)
}

// While a cluster or hypervisor is silent, other resources can be refreshed without any wait, and where a domain is that its own host no
// longer has is not known. What its own resources say is in the fault suite.
func TestAccOutage(t *testing.T) {
	bed := acctest.Bed(t)
	east, kvm1, kvm2 := bed.Cluster("east"), bed.Hypervisor("kvm1"), bed.Hypervisor("kvm2")
	definedGuest(t.Context(), t, kvm1, testbed.GuestOptions{Name: "outage-a"})
	definedGuest(t.Context(), t, kvm2, testbed.GuestOptions{Name: "outage-b"})
	resources := resourcesFor("a", "east", "kvm1") + resourcesFor("b", "west", "kvm2") + diskOf("b", "west", "kvm2", "outage-b") +
		diskOf("a", "east", "kvm1", "outage-a")
	w := acctest.NewWorkspaceOf(t, both.block(t)+resources)
	w.Apply(t)
	targets := append([]string{"-target=libvirt_rbd_disk.b"}, targetsOf("b")...)
	for name, tc := range map[string]struct {
		silent   string
		down, up func() error
	}{
		"cluster":    {"east", east.Pause, func() error { return east.ResumeUsable(context.Background()) }},
		"hypervisor": {"kvm1", kvm1.Pause, kvm1.Resume},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.down(); err != nil {
				t.Fatal(err)
			}
			up := sync.OnceFunc(func() {
				if err := tc.up(); err != nil {
					t.Error(err)
				}
			})
			t.Cleanup(up)
			if tc.silent == kvm1.Name {
				w.Write(t, both.blockWithLimits(t, map[string]string{tc.silent: shortLimit})+resources)
				expectUndecided(t, w, kvm2, "outage-b")
			}
			w.Write(t, both.blockWithLimits(t, map[string]string{tc.silent: longLimit})+resources)
			within(t, "the refresh of the other resources", func() { w.Apply(t, append([]string{"-refresh-only"}, targets...)...) })
			up()
		})
	}
	w.Write(t, both.block(t)+resources)
	w.ExpectEmptyPlan(t)
	w.Destroy(t)
}

// expectUndecided removes a domain from its host while another host is unreachable. The domain may be there, so the provider must
// neither remove its disk from the state nor create it again.
func expectUndecided(t *testing.T, w *acctest.Workspace, host *testbed.Hypervisor, domain string) {
	t.Helper()
	definition := acctest.Virsh(t, host.Name, "dumpxml", "--inactive", domain)
	uuid := acctest.Virsh(t, host.Name, "domuuid", domain)
	acctest.Virsh(t, host.Name, "undefine", domain)
	defer func() {
		if _, err := host.VirshIn(context.Background(), definition, "define", "/dev/stdin"); err != nil {
			t.Error(err)
		}
	}()
	says := []string{
		fmt.Sprintf("Domain %s is no longer on hypervisor %q, and it is not known where it is.", uuid, host.Name), `hypervisor "kvm1"`,
	}
	expectRefused(t, w, says, "plan", "-target=libvirt_rbd_disk.b")
}
