//go:build cgo

package endtoend_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// ceph runs the ceph command on any cluster, also on one outside the package's bed. Similar to: ceph ARGS.
func ceph(t *testing.T, cluster *testbed.Cluster, args ...string) string {
	t.Helper()
	out, err := cluster.Ceph(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// rbd runs the rbd command on any cluster. Similar to: rbd ARGS.
func rbd(t *testing.T, cluster *testbed.Cluster, args ...string) {
	t.Helper()
	if _, err := cluster.RBD(t.Context(), args...); err != nil {
		t.Fatal(err)
	}
}

// hasSession reports whether a client of this entity has a session with a monitor. Similar to: ceph tell mon.a sessions.
func hasSession(t *testing.T, cluster *testbed.Cluster, entity string) bool {
	t.Helper()
	return strings.Contains(ceph(t, cluster, "tell", "mon.a", "sessions"), fmt.Sprintf("%q", entity))
}

// rounds returns how often the guest has written and read back. An error of its disk fails the test.
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

// expectWriting waits until the guest has written and read back a few more times.
func expectWriting(t *testing.T, guest *testbed.Guest) {
	t.Helper()
	from := rounds(t, guest)
	expect.Eventually(t, "the guest to write and read back", func() bool { return rounds(t, guest) > from+3 })
}

// startWriting lets the guest write to its only disk, again and again.
func startWriting(t *testing.T, guest *testbed.Guest) {
	t.Helper()
	disk, err := guest.WaitDisk(t.Context(), func(testbed.GuestDisk) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	if err := guest.StartCounter(t.Context(), disk.Name); err != nil {
		t.Fatal(err)
	}
	expectWriting(t, guest)
}

// restart switches a guest off and on, so that its disks are opened with the saved definition and the secrets of now.
func restart(t *testing.T, guest *testbed.Guest) {
	t.Helper()
	if err := guest.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := guest.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	startWriting(t, guest)
}

// replaceKey gives a user of examples/user-per-generation another key by hand. Similar to: ceph auth import -i FILE.
func replaceKey(t *testing.T, cluster *testbed.Cluster, user string) {
	t.Helper()
	text := fmt.Sprintf("[client.%s]\n\tkey = %s\n\tcaps mon = \"profile rbd\"\n\tcaps osd = \"profile rbd pool=rotating\"\n\tcaps"+
		" mgr = \"profile rbd pool=rotating\"\n",
		user, freshKey(t))
	if _, err := cluster.CephIn(t.Context(), text, "auth", "import", "-i", "-"); err != nil {
		t.Fatal(err)
	}
}

// userOf returns the cephx user of a domain's disk, from the saved or live definition.
func userOf(t *testing.T, host *testbed.Hypervisor, domain string, saved bool) string {
	t.Helper()
	disk := acctest.DiskOf(t, host.Name, domain, "vdb", saved)
	if disk.Auth != nil {
		return disk.Auth.Username
	}
	return disk.Source.Network.Auth.Username
}
