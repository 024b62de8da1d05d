//go:build cgo

package endtoend_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const (
	// bound is far above what a refresh with a dead cluster may take, and far below what librados would wait by itself.
	bound = 90 * time.Second
	// short is the time limit of what is down, where it is asked; endless, beside bound, where nobody may wait for it.
	short, endless = "3s", "30m"
)

// within fails the test when do does not end in time.
func within(t *testing.T, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(bound):
		t.Errorf("%s did not end", what)
		<-done
	}
}

// diskOf is the image of a half as a disk of a domain.
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

// One cluster, or one hypervisor, that is down fails the refresh of its own resources, in bounded time and by its name; the
// state stays as it is, and the other half can be worked on meanwhile, without a wait for what is down.
func TestAccOutage(t *testing.T) {
	bed := acctest.Bed(t)
	east, kvm1, kvm2 := bed.Cluster("east"), bed.Hypervisor("kvm1"), bed.Hypervisor("kvm2")
	definedGuest(t.Context(), t, kvm1, testbed.GuestOptions{Name: "outage-a"})
	definedGuest(t.Context(), t, kvm2, testbed.GuestOptions{Name: "outage-b"})
	others := half("a", "east", "kvm1") + half("b", "west", "kvm2") + diskOf("b", "west", "kvm2", "outage-b")
	disk := diskOf("a", "east", "kvm1", "outage-a")
	resources := others + disk
	w := acctest.NewWorkspaceOf(t, both.block(t)+resources)
	w.Apply(t)
	// Without references, the disk is refreshed although what it refers to can't be.
	alone := others + strings.NewReplacer("ceph_pool.a.name", `"identity"`, "ceph_rbd_image.a.name", `"data"`, "ceph_user.a.name",
		`"identity"`, "libvirt_ceph_secret.a.uuid", fmt.Sprintf("%q", secretWith(t, "kvm1", "client.identity@"))).Replace(disk)
	otherHalf := append([]string{"-target=libvirt_rbd_disk.b"}, targetsOf("b")...)
	secret := fmt.Sprintf(`hypervisor "kvm1" (%s)`, kvm1.URI)
	for name, tc := range map[string]struct {
		dead     string
		down, up func() error
		says     []string
	}{
		"cluster frozen": {"east", east.Pause, func() error { return resume(east) }, []string{"Unable to read Ceph pool", `cluster "east"`}},
		"cluster stopped": {
			"east", east.StopDaemons, func() error { return east.StartDaemons(context.Background()) },
			[]string{"Unable to read Ceph pool", `cluster "east"`},
		},
		"hypervisor frozen": {"kvm1", kvm1.Pause, kvm1.Resume, []string{"Unable to read libvirt secret", "Unable to read RBD disk", secret}},
		"hypervisor stopped": {
			"kvm1", kvm1.Stop, func() error { return kvm1.Start(context.Background()) },
			[]string{"Unable to read libvirt secret", "Unable to read RBD disk", secret},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.down(); err != nil {
				t.Fatal(err)
			}
			isUp := false
			up := func() {
				if err := tc.up(); err != nil && !isUp {
					t.Error(err)
				}
				isUp = true
			}
			t.Cleanup(func() {
				if !isUp {
					up()
				}
			})
			w.Write(t, both.limited(t, map[string]string{tc.dead: short})+alone)
			for _, command := range [][]string{{"plan"}, {"apply", "-auto-approve"}, {"destroy", "-auto-approve"}} {
				within(t, strings.Join(command, " "), func() { refused(t, w, tc.says, command...) })
			}
			if tc.dead == kvm1.Name {
				undecided(t, w, kvm2, "outage-b")
			}
			w.Write(t, both.limited(t, map[string]string{tc.dead: endless})+alone)
			within(t, "the refresh of the other half", func() { w.Apply(t, append([]string{"-refresh-only"}, otherHalf...)...) })
			up()
			w.Write(t, both.block(t)+resources)
			w.ExpectEmptyPlan(t)
		})
	}
	w.Destroy(t)
}

// resume lets a cluster go on, and waits until its OSDs, which may be taken for dead by then, serve the image again.
func resume(c *testbed.Cluster) error {
	if err := c.Resume(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	_, err := c.RBD(ctx, "info", "identity/data")
	return err
}

// undecided takes a domain from its host while another host is down: it may be there, so its disk is neither forgotten nor
// made again.
func undecided(t *testing.T, w *acctest.Workspace, home *testbed.Hypervisor, domain string) {
	t.Helper()
	definition := acctest.Virsh(t, home.Name, "dumpxml", "--inactive", domain)
	uuid := acctest.Virsh(t, home.Name, "domuuid", domain)
	acctest.Virsh(t, home.Name, "undefine", domain)
	defer func() {
		if _, err := home.VirshIn(context.Background(), definition, "define", "/dev/stdin"); err != nil {
			t.Error(err)
		}
	}()
	says := []string{
		fmt.Sprintf("Domain %s is no longer on hypervisor %q, and it is not known where it is.", uuid, home.Name), `hypervisor "kvm1"`,
	}
	refused(t, w, says, "plan", "-target=libvirt_rbd_disk.b")
}
