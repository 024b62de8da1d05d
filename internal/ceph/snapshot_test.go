package ceph

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// keptConn has an image with protected snapshots, of which the second one is refused to be removed: as often as refusals says.
type keptConn struct {
	fakeConn

	refusals  int
	protected bool // that it is so again
	done      []string
}

func (k *keptConn) ProtectSnapshot(_ context.Context, _ ImageRef, name string, protected bool) error {
	k.done = append(k.done, fmt.Sprintf("protect %s %t", name, protected))
	return nil
}

func (k *keptConn) RemoveSnapshot(_ context.Context, _ ImageRef, name string) error {
	if name == "second" && k.refusals > 0 {
		k.refusals--
		return EBUSY
	}
	k.done = append(k.done, "remove "+name)
	return nil
}

func (k *keptConn) Snapshots(_ context.Context, ref ImageRef) (ImageSnapshots, error) {
	return ImageSnapshots{ImageRef: ref, List: []ImageSnapshot{{Name: "second", Protected: k.protected}}}, nil
}

func (k *keptConn) purge(t *testing.T) error {
	t.Helper()
	cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return k, nil })
	t.Cleanup(cluster.Close)
	var relations ImageRelations
	for i, name := range []string{"first", "second", "third"} {
		relations.Snapshots = append(relations.Snapshots, ImageSnapshot{ID: uint64(i), Name: name, Protected: true})
	}
	return cluster.purgeSnapshots(t.Context(), ImageRef{Pool: "vms", Name: "data"}, relations)
}

// Snapshots that stay, since the removal of one fails, are protected as before.
func TestSnapshotsThatStayAreProtectedAgain(t *testing.T) {
	for _, conn := range []*keptConn{
		{fakeConn: fakeConn{fsid: testFSID}, refusals: 1, protected: true},
		{fakeConn: fakeConn{fsid: testFSID}, refusals: recheckAttempts},
	} {
		err := conn.purge(t)
		expect.Problem(t, err, problem.Busy, "Snapshot second has been protected, or has got a clone", "These are removed already: first.")
		want := []string{
			"protect first false", "protect second false", "protect third false", "remove first", "protect second true", "protect third true",
		}
		if !slices.Equal(conn.done, want) {
			t.Errorf("done %q, want %q", conn.done, want)
		}
	}
}

// The holder of an image's lock, which has not seen yet that the protection was lifted, is asked again.
func TestRemovalOfSnapshotRefusedByAnOldView(t *testing.T) {
	conn := &keptConn{fakeConn: fakeConn{fsid: testFSID}, refusals: 2}
	expect.NoError(t, conn.purge(t))
	want := []string{
		"protect first false", "protect second false", "protect third false", "remove first", "remove second", "remove third",
	}
	if !slices.Equal(conn.done, want) {
		t.Errorf("done %q, want %q", conn.done, want)
	}
}
