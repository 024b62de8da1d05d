package ceph

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// keptConn has an image with protected snapshots, of which the second one can't be removed.
type keptConn struct {
	fakeConn

	done []string
}

func (k *keptConn) ProtectSnapshot(_ context.Context, _ ImageRef, name string, protected bool) error {
	k.done = append(k.done, fmt.Sprintf("protect %s %t", name, protected))
	return nil
}

func (k *keptConn) RemoveSnapshot(_ context.Context, _ ImageRef, name string) error {
	if name == "second" {
		return EBUSY
	}
	k.done = append(k.done, "remove "+name)
	return nil
}

// Snapshots that stay, since the removal of one fails, are protected as before.
func TestSnapshotsThatStayAreProtectedAgain(t *testing.T) {
	conn := &keptConn{fakeConn: fakeConn{fsid: testFSID}}
	cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil })
	defer cluster.Close()
	var relations ImageRelations
	for i, name := range []string{"first", "second", "third"} {
		relations.Snapshots = append(relations.Snapshots, ImageSnapshot{ID: uint64(i), Name: name, Protected: true})
	}
	err := cluster.purgeSnapshots(t.Context(), ImageRef{Pool: "vms", Name: "data"}, relations)
	expect.Problem(t, err, problem.Busy, "Snapshot second has been protected, or has got a clone", "These are removed already: first.")
	want := []string{
		"protect first false", "protect second false", "protect third false", "remove first", "protect second true", "protect third true",
	}
	if !slices.Equal(conn.done, want) {
		t.Errorf("done %q, want %q", conn.done, want)
	}
}
