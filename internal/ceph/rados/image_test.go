//go:build cgo

package rados_test

import (
	"context"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func TestImageLife(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	newPool(t, cluster, "img")
	_, err := cluster.CreateNamespace(ctx, "img", "n")
	expect.NoError(t, err)
	ref := ceph.ImageRef{Pool: "img", Namespace: "n", Name: "a"}
	_, err = cluster.Image(ctx, ref)
	expect.Problem(t, err, problem.NotFound, "img/n/a")
	_, err = cluster.Image(ctx, ceph.ImageRef{Pool: "nopool", Name: "a"})
	expect.Problem(t, err, problem.NotFound, `no pool "nopool"`)

	created, err := cluster.CreateImage(ctx, ceph.ImageSpec{
		ImageRef: ref, SizeBytes: 30 << 20, Features: []string{"layering", "exclusive-lock"}, ObjectSize: 1 << 20, StripeUnit: 64 << 10,
		StripeCount: 4, Metadata: map[string]string{"owner": "example"}, Config: map[string]string{"rbd_qos_iops_limit": "100"},
	})
	if !created || err != nil {
		t.Fatal(created, err)
	}
	image, err := cluster.Image(ctx, ref)
	expect.NoError(t, err)
	if image.SizeBytes != 30<<20 || image.ObjectSize != 1<<20 || image.StripeUnit != 64<<10 || image.StripeCount != 4 ||
		!slices.Equal(image.Features, []string{"exclusive-lock", "layering", "striping"}) || image.Metadata["owner"] != "example" ||
		len(image.Metadata) != 1 || image.Config["rbd_qos_iops_limit"] != "100" || image.Parent != nil || image.DataPool != "" {
		t.Errorf("%+v", image)
	}
	var info struct {
		ID         string
		Size       uint64
		StripeUnit uint64 `json:"stripe_unit"`
	}
	expect.NoError(t, json.Unmarshal([]byte(rbd(t, c, "info", "img/n/a", "--format", "json")), &info))
	if info.ID != image.ID || info.Size != image.SizeBytes || info.StripeUnit != 64<<10 {
		t.Errorf("%+v", info)
	}
	_, err = cluster.CreateImage(ctx, ceph.ImageSpec{ImageRef: ref, SizeBytes: 1})
	expect.Problem(t, err, problem.Exists, "east/img/n/a")
	_, err = cluster.CreateImage(ctx, ceph.ImageSpec{ImageRef: ceph.ImageRef{Pool: "nopool", Name: "a"}, SizeBytes: 1})
	expect.Problem(t, err, problem.Other, `no pool "nopool"`)

	expect.NoError(t, cluster.ResizeImage(ctx, ref, 40<<20, false))
	expect.Problem(t, cluster.ResizeImage(ctx, ref, 20<<20, false), problem.Refused, "allow_shrink")
	expect.NoError(t, cluster.ResizeImage(ctx, ref, 20<<20, true))
	expect.NoError(t, cluster.SetImageFeatures(ctx, ref, []string{"object-map", "fast-diff"}, nil))
	expect.NoError(t, cluster.SetImageFeatures(ctx, ref, nil, []string{"object-map", "fast-diff", "exclusive-lock"}))
	expect.Problem(t, cluster.SetImageFeatures(ctx, ref, []string{"object-map"}, nil), problem.Invalid, "exclusive-lock")
	expect.Problem(t, cluster.SetImageFeatures(ctx, ref, []string{"deep-flatten"}, nil), problem.Unsupported)
	expect.NoError(t, cluster.SetImageMetadata(ctx, ref, map[string]string{"owner": "other", ceph.ConfigKey("rbd_qos_bps_limit"): "4096"},
		[]string{ceph.ConfigKey("rbd_qos_iops_limit"), "never-there"}))
	expect.NoError(t, cluster.RenameImage(ctx, ref, "b"))
	expect.NoError(t, cluster.RenamePool(ctx, "img", "img2"))
	pool, err := cluster.Pool(ctx, "img2")
	expect.NoError(t, err)
	moved, again, err := cluster.ImageByID(ctx, pool.ID, "n", image.ID)
	expect.NoError(t, err)
	if moved.String() != "img2/n/b" || again.SizeBytes != 20<<20 || slices.Contains(again.Features, "exclusive-lock") ||
		again.Metadata["owner"] != "other" || len(again.Config) != 1 || again.Config["rbd_qos_bps_limit"] != "4096" {
		t.Errorf("%s %+v", moved, again)
	}
	entries, err := cluster.Images(ctx, "img2", "n")
	if err != nil || len(entries) != 1 || entries[0] != (ceph.ImageEntry{Name: "b", ID: image.ID}) {
		t.Errorf("%v, %v", entries, err)
	}
	ask(t, c, "osd", "pool", "rename", "img2", "img") // by somebody else, so that only the newest map has the name
	if moved, _, err = cluster.ImageByID(readcache.Afresh(ctx), pool.ID, "n", image.ID); err != nil || moved.Pool != "img" {
		t.Errorf("%s, %v", moved, err)
	}
	_, _, err = cluster.ImageByID(ctx, 999, "n", image.ID)
	expect.Problem(t, err, problem.NotFound, "no pool with id 999")
	rbd(t, c, "trash", "mv", "img/n/b")
	_, _, err = cluster.ImageByID(ctx, pool.ID, "n", image.ID)
	expect.Problem(t, err, problem.NotFound, "trash")
	rbd(t, c, "trash", "rm", "--pool", "img", "--namespace", "n", image.ID)
}

func TestImageContents(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	newPool(t, cluster, "contents")
	for _, features := range [][]string{nil, {"layering"}} {
		ref := ceph.ImageRef{Pool: "contents", Name: "i"}
		if _, err := cluster.CreateImage(ctx, ceph.ImageSpec{ImageRef: ref, SizeBytes: 64 << 20, Features: features}); err != nil {
			t.Fatal(err)
		}
		contents, err := cluster.ImageContents(ctx, ref, "")
		if err != nil || !contents.Empty() {
			t.Fatalf("features %v: %+v, %v", features, contents, err)
		}
		rbd(t, c, "bench", "--io-type", "write", "--io-size", "4096", "--io-total", "4096", "--io-pattern", "rand", "contents/i")
		contents, err = cluster.ImageContents(ctx, ref, "")
		if err != nil || !contents.Allocated {
			t.Errorf("features %v: %+v, %v", features, contents, err)
		}
		rbd(t, c, "snap", "create", "contents/i@s")
		rbd(t, c, "snap", "protect", "contents/i@s")
		rbd(t, c, "clone", "contents/i@s", "contents/child")
		contents, err = cluster.ImageContents(ctx, ref, "")
		if err != nil || !slices.Equal(contents.UserSnapshots(), []string{"s"}) || len(contents.Clones) != 1 ||
			contents.Clones[0].String() != "contents/child" {
			t.Errorf("%+v, %v", contents, err)
		}
		child := ceph.ImageRef{Pool: "contents", Name: "child"}
		image, err := cluster.Image(ctx, child)
		if err != nil || image.Parent == nil {
			t.Fatalf("%+v, %v", image, err)
		}
		if names, err := cluster.SnapshotNames(ctx, *image.Parent); err != nil || names.String() != "contents/i@s" {
			t.Errorf("the parent %+v is named %s, %v", *image.Parent, names, err)
		}
		if contents, err := cluster.ImageContents(ctx, child, ""); err != nil || contents.Allocated {
			t.Errorf("a fresh clone holds nothing itself; %+v, %v", contents, err)
		}
		expect.Problem(t, cluster.DeleteImage(ctx, named(ref), false, nil), problem.Refused, "snapshots")
		expect.Problem(t, cluster.DeleteImage(ctx, named(ref), true, nil), problem.Refused, "contents/child of its snapshot s")
		expect.NoError(t, cluster.DeleteImage(ctx, named(child), false, nil))
		expect.NoError(t, cluster.DeleteImage(ctx, named(ref), true, nil))
		expect.NoError(t, cluster.DeleteImage(ctx, named(ref), false, nil))
	}
}

// holdOpen opens an image for writing in a process of its own, which ends by its pid.
func holdOpen(t *testing.T, c *testbed.Cluster, image string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("rbd", "--conf", c.ConfigFile, "watch", image)
	// It waits for its input to end.
	_, err := cmd.StdinPipe()
	expect.NoError(t, err)
	expect.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for ctx := limited(t); ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if strings.Contains(rbd(t, c, "status", image), "watcher=") {
			return cmd
		}
	}
	t.Fatal("no watcher came")
	return nil
}

func TestWatchedImage(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	newPool(t, cluster, "watched")
	ref := ceph.ImageRef{Pool: "watched", Name: "i"}
	if _, err := cluster.CreateImage(ctx, ceph.ImageSpec{ImageRef: ref, SizeBytes: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	if watchers, err := cluster.Watchers(ctx, ref); err != nil || len(watchers) != 0 {
		t.Fatalf("%v, %v", watchers, err)
	}
	holder := holdOpen(t, c, "watched/i")
	watchers, err := cluster.Watchers(ctx, ref)
	expect.NoError(t, err)
	if len(watchers) != 1 || watchers[0].Entity != "client.admin" || !strings.Contains(rbd(t, c, "status", "watched/i"), watchers[0].Addr) {
		t.Errorf("%+v against %s", watchers, rbd(t, c, "status", "watched/i"))
	}
	images, err := cluster.PoolWatchers(ctx, "watched")
	if err != nil || len(images) != 1 || images[0].ImageRef != ref {
		t.Errorf("%+v, %v", images, err)
	}
	short, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	expect.Problem(t, cluster.DeleteImage(short, named(ref), false, nil), problem.Busy, watchers[0].Addr)

	// A client that crashes leaves its watcher for about half a minute; the deletion waits for it.
	expect.NoError(t, holder.Process.Kill())
	_ = holder.Wait()
	expect.NoError(t, cluster.DeleteImage(ctx, named(ref), false, nil))
}
