//go:build cgo

package rados_test

import (
	"slices"
	"strings"
	"sync"
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
	expect.Problem(t, cluster.DeleteImage(ctx, named(ref), true, nil), problem.Refused, "It has clones: more/c of its snapshot s")
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
	expect.NoError(t, cluster.DeleteImage(ctx, named(ref), true, nil))
	if left := rbd(t, c, "ls", "golden"); left != "" {
		t.Errorf("left: %s", left)
	}
}

// An image whose parent went with its pool can't be opened. It is told as that, and removed where that may be forced, as far as librbd
// allows.
func TestImageWhoseParentsPoolIsGone(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	for _, pool := range []string{"lost", "kept"} {
		newPool(t, cluster, pool)
	}
	clone := func(parent, name string) ceph.ImageRef {
		t.Helper()
		rbd(t, c, "snap", "create", "--no-progress", parent+"@s")
		rbd(t, c, "clone", "--rbd-default-clone-format", "2", parent+"@s", "kept/"+name)
		rbd(t, c, "snap", "rm", "--no-progress", parent+"@s")
		return ceph.ImageRef{Pool: "kept", Name: name}
	}
	rbd(t, c, "create", "--size", "4M", "lost/g")
	plain, held, locked, grouped, parent := clone("lost/g", "plain"), clone("lost/g", "held"), clone("lost/g", "locked"),
		clone("lost/g", "grouped"), clone("lost/g", "parent")
	child := clone("kept/parent", "child")
	rbd(t, c, "lock", "add", "kept/locked", "host1")
	rbd(t, c, "group", "create", "kept/g")
	rbd(t, c, "group", "image", "add", "kept/g", "kept/grouped")
	holdOpen(t, c, "kept/held")
	deletePoolByHand(t, c, "lost")

	before := rbd(t, c, "ls", "kept")
	for _, ref := range []ceph.ImageRef{plain, child} {
		_, err := cluster.Image(ctx, ref)
		expect.NoError(t, err)
		expect.Problem(t, cluster.DeleteImage(ctx, named(ref), false, nil), problem.Orphaned,
			"the pool of its parent (id", "force_destroy = true",
			"rbd rm "+ref.String())
		expect.Problem(t, cluster.ResizeImage(ctx, ref, 8<<20, false), problem.Orphaned)
	}
	var waiting sync.WaitGroup
	var errs [2]error // each after the whole wait for who holds the image
	for i, ref := range []ceph.ImageRef{held, locked} {
		waiting.Go(func() { errs[i] = cluster.DeleteImage(ctx, named(ref), true, nil) })
	}
	waiting.Wait()
	for _, err := range errs {
		expect.Problem(t, err, problem.Busy, "a client that has it open", "put on it by hand")
	}
	expect.Problem(t, cluster.DeleteImage(ctx, named(grouped), true, nil), problem.Refused, "rbd group image rm")
	expect.Problem(t, cluster.DeleteImage(ctx, named(parent), true, nil), problem.Refused,
		"has snapshots or clones", "rbd trash mv kept/parent")
	if after := rbd(t, c, "ls", "kept"); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}

	rbd(t, c, "group", "image", "rm", "kept/g", "kept/grouped")
	for _, ref := range []ceph.ImageRef{child, grouped} {
		expect.NoError(t, cluster.DeleteImage(ctx, named(ref), true, nil))
	}
	expect.NoError(t, cluster.TrashImage(ctx, named(plain), 0))
	if trash := rbd(t, c, "trash", "ls", "kept"); !strings.Contains(trash, "plain") {
		t.Errorf("in the trash: %s", trash)
	}
	if left := rbd(t, c, "ls", "kept"); left != "held\nlocked\nparent" {
		t.Errorf("left: %s", left)
	}
}
