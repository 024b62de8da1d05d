//go:build cgo

package rados_test

import (
	"slices"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// deletePoolByHand deletes a pool with everything that is in it, whatever depends on that.
func deletePoolByHand(t *testing.T, c *testbed.Cluster, name string) {
	t.Helper()
	ask(t, c, "osd", "pool", "delete", name, name, "--yes-i-really-really-mean-it")
}

// Clones that went with their pool keep neither a snapshot, nor its image, nor the image's pool; those of a pool that is there do.
func TestClonesWhosePoolIsGone(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	for _, pool := range []string{"golden", "vms", "more"} {
		newPool(t, cluster, pool)
	}
	ref := ceph.ImageRef{Pool: "golden", Name: "g"}
	rbd(t, c, "create", "--size", "4M", "golden/g")
	for _, name := range []string{"s", "p", "gone"} {
		rbd(t, c, "snap", "create", "--no-progress", "golden/g@"+name)
	}
	rbd(t, c, "snap", "protect", "golden/g@p")
	rbd(t, c, "clone", "--rbd-default-clone-format", "2", "golden/g@s", "vms/c")
	rbd(t, c, "clone", "--rbd-default-clone-format", "1", "golden/g@p", "vms/c1")
	rbd(t, c, "clone", "--rbd-default-clone-format", "2", "golden/g@gone", "vms/c2")
	rbd(t, c, "clone", "--rbd-default-clone-format", "2", "golden/g@s", "more/c")
	rbd(t, c, "snap", "rm", "--no-progress", "golden/g@gone")
	snapshot, err := cluster.Snapshot(ctx, ref, "s")
	expect.NoError(t, err)

	expect.Problem(t, cluster.DeleteSnapshot(ctx, snapshot), problem.Refused, "It has 2 clones (more/c, vms/c)")
	deletePoolByHand(t, c, "vms")
	expect.Problem(t, cluster.DeleteSnapshot(ctx, snapshot), problem.Refused, "It has 1 clone (more/c)")
	expect.Problem(t, cluster.DeleteImage(ctx, ref, true, nil), problem.Refused, "It has clones: more/c of its snapshot s")
	dependents, err := cluster.PoolDependents(ctx, "golden")
	if want := []string{"more/c (a clone)"}; err != nil || !slices.Equal(dependents, want) {
		t.Errorf("dependents %q, %v; want %q", dependents, err, want)
	}
	deletePoolByHand(t, c, "more")
	dependents, err = cluster.PoolDependents(ctx, "golden")
	if err != nil || len(dependents) > 0 {
		t.Errorf("dependents %q, %v", dependents, err)
	}
	expect.NoError(t, cluster.DeleteSnapshot(ctx, snapshot))
	relations, err := cluster.ImageRelations(ctx, ref)
	if err != nil || len(relations.Clones) > 0 || !slices.Equal(relations.UserSnapshots(), []string{"p"}) {
		t.Errorf("%+v, %v", relations, err)
	}
	expect.NoError(t, cluster.DeleteImage(ctx, ref, true, nil))
	if left := rbd(t, c, "ls", "golden"); left != "" {
		t.Errorf("left: %s", left)
	}
}
