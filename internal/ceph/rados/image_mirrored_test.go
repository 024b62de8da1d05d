//go:build cgo

package rados_test

import (
	"context"
	"strings"
	"testing"
	"time"

	librados "github.com/ceph/go-ceph/rados"
	librbd "github.com/ceph/go-ceph/rbd"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// A move to the trash would end the mirroring of an image, and with it the copies on other clusters.
func TestTrashOfMirroredImage(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	newPool(t, cluster, "mirrored")
	ref := ceph.ImageRef{Pool: "mirrored", Name: "i"}
	rbd(t, c, "create", "--size", "4M", "mirrored/i")
	for _, row := range []struct{ pool, begin, end, mode string }{
		{"image", "mirror image enable mirrored/i snapshot", "mirror image disable mirrored/i", "snapshot"},
		{"image", "mirror image enable mirrored/i journal", "mirror image disable mirrored/i", "journal"},
		{"pool", "feature enable mirrored/i journaling", "feature disable mirrored/i journaling", "journal"},
	} {
		rbd(t, c, "mirror", "pool", "enable", "mirrored", row.pool)
		rbd(t, c, strings.Fields(row.begin)...)
		expect.Problem(t, cluster.TrashImage(ctx, named(ref), 0), problem.Refused, "It is mirrored", "rbd "+row.end, "It was left where it is")
		if info := rbd(t, c, "info", "mirrored/i"); !strings.Contains(info, "mirroring mode: "+row.mode) {
			t.Errorf("%s: after the refusal:\n%s", row.begin, info)
		}
		rbd(t, c, strings.Fields(row.end)...)
		expect.NoError(t, cluster.TrashImage(ctx, named(ref), 0))
		id, _, _ := strings.Cut(rbd(t, c, "trash", "ls", "mirrored"), " ")
		rbd(t, c, "trash", "restore", "mirrored/"+id)
	}
	rbd(t, c, "mirror", "pool", "disable", "mirrored")
}

// mirrorOpens has an image open as rbd-mirror of another cluster does: by a client that also watches the pool's rbd_mirroring, until the
// process ends.
func mirrorOpens(t *testing.T, c *testbed.Cluster, user string, ref ceph.ImageRef) {
	t.Helper()
	client, err := librados.NewConnWithUser(user)
	expect.NoError(t, err)
	expect.NoError(t, client.SetConfigOption("mon_host", c.MonHost))
	expect.NoError(t, client.SetConfigOption("key", ask(t, c, "auth", "get-key", "client."+user)))
	expect.NoError(t, client.Connect())
	ioctx, err := client.OpenIOContext(ref.Pool)
	expect.NoError(t, err)
	watch, err := ioctx.Watch("rbd_mirroring")
	expect.NoError(t, err)
	go func() {
		for event := range watch.Events() {
			_ = event.Ack(nil) // who changes the mirroring waits for that
		}
	}()
	_, err = librbd.OpenImage(ioctx, ref.Name, librbd.NoSnapshot)
	expect.NoError(t, err)
}

// rbd-mirror of another cluster, which has the image open for good, keeps it no more than it does for librbd, and is told where its caps
// don't tell what it is.
func TestDeleteImageUnderMirror(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	newPool(t, cluster, "copied")
	rbd(t, c, "mirror", "pool", "enable", "copied", "image")
	for user, caps := range map[string]string{"rbd-mirror-peer": "profile rbd-mirror-peer", "by-hand": "profile rbd"} {
		ref := ceph.ImageRef{Pool: "copied", Name: user}
		ask(t, c, "auth", "get-or-create", "client."+user, "mon", caps, "osd", "profile rbd")
		rbd(t, c, "create", "--size", "4M", ref.String())
		rbd(t, c, "mirror", "image", "enable", ref.String(), "snapshot")
		mirrorOpens(t, c, user, ref)
		watchers, err := cluster.Watchers(ctx, ref)
		if err != nil || len(watchers) != 1 || watchers[0].Entity != "client."+user {
			t.Fatalf("%+v, %v", watchers, err)
		}
		deleting, cancel := context.WithTimeout(ctx, 20*time.Second) // it waits for others than rbd-mirror, which may go
		err = cluster.DeleteImage(deleting, named(ref), true, nil)
		cancel()
		if user == "by-hand" {
			expect.Problem(t, err, problem.Busy, "It is mirrored, and open by client.by-hand at ", "rbd mirror image disable copied/by-hand")
			continue
		}
		expect.NoError(t, err)
		if holders := ceph.Holders(watchers); len(holders) > 0 {
			t.Errorf("held by %+v", holders)
		}
	}
	if left := rbd(t, c, "ls", "copied"); left != "by-hand" {
		t.Errorf("left: %s", left)
	}
}
