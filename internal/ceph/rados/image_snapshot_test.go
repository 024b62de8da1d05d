//go:build cgo

package rados_test

import (
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

func TestSnapshotLife(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	newPool(t, cluster, "snaps")
	ref := ceph.ImageRef{Pool: "snaps", Name: "data"}
	_, err := cluster.CreateImage(ctx, ceph.ImageSpec{ImageRef: ref, SizeBytes: 4 << 20})
	expect.NoError(t, err)
	for _, name := range []string{"first", "second"} {
		created, err := cluster.CreateSnapshot(ctx, ref, name, name == "first")
		if !created || err != nil {
			t.Fatal(created, err)
		}
	}
	created, err := cluster.CreateSnapshot(ctx, ref, "first", false)
	expect.Problem(t, err, problem.Exists, "east/snaps/data@first")
	if created {
		t.Error("what exists already was taken over")
	}
	first, err := cluster.Snapshot(ctx, ref, "first")
	expect.NoError(t, err)
	if !first.Protected || first.SizeBytes != 4<<20 || first.CreatedAt.IsZero() || first.String() != "snaps/data@first" {
		t.Errorf("%+v", first)
	}
	_, err = cluster.Snapshot(ctx, ref, "nothing")
	expect.Problem(t, err, problem.NotFound, `has no snapshot "nothing"`, `It has "first", "second"`)

	// Found by what stays, also by a refresh that has listed everything under its old name, and what it lacks is asked for again.
	shared := readcache.Share(ctx)
	byID := func(id uint64) (ceph.Snapshot, error) {
		return cluster.SnapshotByID(shared, first.PoolID, "", first.ImageID, id)
	}
	_, err = byID(first.ID)
	expect.NoError(t, err)
	rbd(t, c, "snap", "create", "--no-progress", "snaps/data@late")
	late, err := cluster.Snapshot(ctx, ref, "late")
	expect.NoError(t, err)
	found, err := byID(late.ID)
	if err != nil || found.Name != "late" {
		t.Errorf("found %v, %v", found, err)
	}
	rbd(t, c, "rename", "snaps/data", "snaps/renamed")
	renamed := ceph.Snapshot{Image: ceph.ImageRef{Pool: "snaps", Name: "renamed"}, ImageSnapshot: late.ImageSnapshot}
	expect.NoError(t, cluster.RenameSnapshot(ctx, renamed, "later"))
	if found, err = byID(late.ID); err != nil || found.String() != "snaps/renamed@later" {
		t.Errorf("found %v, %v", found, err)
	}

	// A protection that somebody has set, and one that somebody has ended, is no error.
	if found, err = byID(first.ID); err != nil {
		t.Fatal(err)
	}
	rbd(t, c, "snap", "unprotect", "snaps/renamed@first")
	expect.NoError(t, cluster.SetSnapshotProtection(ctx, found, false))
	expect.NoError(t, cluster.DeleteSnapshot(ctx, found))
	expect.NoError(t, cluster.DeleteSnapshot(ctx, found))
	_, err = byID(first.ID)
	expect.Problem(t, err, problem.NotFound, "has no snapshot with id", `It has "second", "later"`)

	var visited []string
	visit := func(s ceph.Snapshot) bool { visited = append(visited, s.String()); return len(visited) < 2 }
	expect.NoError(t, cluster.VisitSnapshots(ctx, ceph.ImageFilter{Pool: "snaps"}, visit))
	if len(visited) != 2 || visited[0] != "snaps/renamed@second" || visited[1] != "snaps/renamed@later" {
		t.Errorf("visited %v", visited)
	}
}
