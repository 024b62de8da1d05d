//go:build cgo

package endtoend_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// tell asks a cluster that is not of the common bed too.
func tell(t *testing.T, cluster *testbed.Cluster, args ...string) string {
	t.Helper()
	out, err := cluster.Ceph(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func rbd(t *testing.T, cluster *testbed.Cluster, args ...string) {
	t.Helper()
	if _, err := cluster.RBD(t.Context(), args...); err != nil {
		t.Fatal(err)
	}
}

// listed tells whether the monitors list a client of this entity.
func listed(t *testing.T, cluster *testbed.Cluster, entity string) bool {
	t.Helper()
	return strings.Contains(tell(t, cluster, "tell", "mon.a", "sessions"), fmt.Sprintf("%q", entity))
}

// rounds is how far the guest's counter has come; an error of the guest's disk fails the test.
func rounds(t *testing.T, guest *testbed.Guest) int {
	t.Helper()
	state, err := guest.Counter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if state.Errors > 0 {
		t.Fatalf("the guest's disk fails: %s", state.LastError)
	}
	return state.Rounds
}

// goesOn waits until the guest has written and read back a few more times.
func goesOn(t *testing.T, guest *testbed.Guest) {
	t.Helper()
	from := rounds(t, guest)
	acctest.Eventually(t, "the guest to write and read back", func() bool { return rounds(t, guest) > from+3 })
}

// count lets the guest write to its only disk.
func count(t *testing.T, guest *testbed.Guest) {
	t.Helper()
	disk, err := guest.WaitDisk(t.Context(), func(testbed.GuestDisk) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	if err := guest.StartCounter(t.Context(), disk.Name); err != nil {
		t.Fatal(err)
	}
	goesOn(t, guest)
}

// restart switches a guest off and on: its disks are opened with what the saved definition and the secrets say now.
func restart(t *testing.T, guest *testbed.Guest) {
	t.Helper()
	if err := guest.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := guest.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	count(t, guest)
}

// replaceKey gives a user of this example another key by hand.
func replaceKey(t *testing.T, cluster *testbed.Cluster, user string) {
	t.Helper()
	text := fmt.Sprintf("[client.%s]\n\tkey = %s\n\tcaps mon = \"profile rbd\"\n\tcaps osd = \"profile rbd pool=rotating\"\n\tcaps"+
		" mgr = \"profile rbd pool=rotating\"\n",
		user, freshKey(t))
	if _, err := cluster.CephIn(t.Context(), text, "auth", "import", "-i", "-"); err != nil {
		t.Fatal(err)
	}
}

// userOf is the cephx user that the domain's definition, running or saved, names for its disk.
func userOf(t *testing.T, host *testbed.Hypervisor, domain string, saved bool) string {
	t.Helper()
	disk := acctest.DiskOf(t, host.Name, domain, "vdb", saved)
	if disk.Auth != nil {
		return disk.Auth.Username
	}
	return disk.Source.Network.Auth.Username
}
