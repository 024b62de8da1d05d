//go:build cgo

package rados_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// shownPool returns a pool as the ceph command shows it.
func shownPool(t *testing.T, name string) map[string]any {
	t.Helper()
	var pools []map[string]any
	expect.NoError(t, json.Unmarshal([]byte(ask(t, bed.Cluster("east"), "osd", "pool", "ls", "detail", "-f", "json")), &pools))
	for _, p := range pools {
		if p["pool_name"] == name {
			return p
		}
	}
	return nil
}

func TestPoolLife(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	made, err := cluster.CreatePool(ctx, ceph.PoolSpec{
		Name: "life", Type: ceph.Replicated, PGNum: pointer[int64](8), PGNumMin: pointer[int64](4), PGNumMax: pointer[int64](64),
		Size: pointer[int64](3), TargetSizeRatio: pointer(0.2), PGAutoscaleMode: "off", CrushRule: "replicated_rule", Bulk: true,
		Settings: map[string]string{
			"min_size": "1", "quota_max_bytes": "10737418240", "quota_max_objects": "7", "compression_mode": "aggressive", "nosizechange": "true",
		},
		Applications: []string{"rbd", "other"},
	})
	if !made.Created || err != nil || made.MadeRule == nil || *made.MadeRule != "" {
		t.Fatalf("%+v, %v", made, err)
	}
	p, err := cluster.Pool(ctx, "life")
	expect.NoError(t, err)
	if p.PGNum != 8 || *p.PGNumMin != 4 || *p.PGNumMax != 64 || p.Size != 3 || p.MinSize != 1 || *p.TargetSizeRatio != 0.2 ||
		p.PGAutoscaleMode != "off" ||
		p.CrushRule != "replicated_rule" || !p.Bulk || !p.NoSizeChange || p.QuotaMaxBytes != 10<<30 || p.QuotaMaxObjects != 7 ||
		*p.CompressionMode != "aggressive" || !slices.Equal(p.Applications, []string{"other", "rbd"}) || p.TargetSizeBytes != nil {
		t.Errorf("%+v", p)
	}
	shown := shownPool(t, "life")
	if shown["pg_num"] != 8.0 || shown["quota_max_bytes"] != 10737418240.0 || !strings.Contains(fmt.Sprint(shown["flags_names"]), "bulk") {
		t.Errorf("%v", shown)
	}
	if contents, err := cluster.PoolContents(ctx, "life"); err != nil || !contents.Empty() {
		t.Errorf("a pool after its init is empty; got %+v, %v", contents, err)
	}

	_, err = cluster.CreatePool(ctx, ceph.PoolSpec{Name: "life"})
	expect.Problem(t, err, problem.Exists, "terraform import", "east/life")

	expect.NoError(t, cluster.SetPool(ctx, "life", map[string]string{
		"nosizechange": ceph.Clear, "size": "2", "min_size": "2", "bulk": ceph.Clear, "quota_max_bytes": ceph.Clear,
		"quota_max_objects": ceph.Clear,
		"compression_mode":  ceph.Clear, "target_size_ratio": ceph.Clear, "pg_num_min": ceph.Clear, "pg_num_max": ceph.Clear, "nodelete": "true",
	}))
	expect.NoError(t, cluster.SetPoolApplications(ctx, "life", []string{"third"}, []string{"other"}))
	p, err = cluster.Pool(ctx, "life")
	expect.NoError(t, err)
	if p.NoSizeChange || p.Size != 2 || p.MinSize != 2 || p.Bulk || p.QuotaMaxBytes != 0 || p.QuotaMaxObjects != 0 ||
		p.CompressionMode != nil ||
		p.TargetSizeRatio != nil || p.PGNumMin != nil || p.PGNumMax != nil || !p.NoDelete ||
		!slices.Equal(p.Applications, []string{"rbd", "third"}) {
		t.Errorf("%+v", p)
	}
	expect.Problem(t, cluster.SetPool(ctx, "life", map[string]string{"crush_rule": "none"}), problem.Invalid, "ceph osd crush rule ls")
	expect.Problem(t, cluster.SetPool(ctx, "life", map[string]string{"min_size": "9"}), problem.Invalid, "min_size")

	expect.NoError(t, cluster.RenamePool(ctx, "life", "life2"))
	byID, err := cluster.PoolByID(ctx, p.ID)
	if err != nil || byID.Name != "life2" {
		t.Errorf("%+v, %v", byID, err)
	}
	_, err = cluster.Pool(ctx, "life")
	expect.Problem(t, err, problem.NotFound, `"life2"`)

	expect.Problem(t, cluster.DeletePool(ctx, "life2", ""), problem.Denied, "nodelete")
	expect.NoError(t, cluster.SetPool(ctx, "life2", map[string]string{"nodelete": ceph.Clear}))
	ask(t, c, "tell", "mon.*", "config", "set", "mon_allow_pool_delete", "false")
	err = cluster.DeletePool(ctx, "life2", "")
	ask(t, c, "tell", "mon.*", "config", "set", "mon_allow_pool_delete", "true")
	expect.Problem(t, err, problem.Denied, "mon_allow_pool_delete true")
	expect.NoError(t, cluster.DeletePool(ctx, "life2", ""))
	expect.NoError(t, cluster.DeletePool(ctx, "life2", ""))
	if shownPool(t, "life2") != nil {
		t.Error("the pool is still there")
	}
}

func TestErasurePool(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	ask(t, c, "osd", "erasure-code-profile", "set", "ec21", "k=2", "m=1", "crush-failure-domain=osd")
	made, err := cluster.CreatePool(ctx, ceph.PoolSpec{
		Name: "ecdata", Type: ceph.Erasure, ErasureCodeProfile: "ec21", PGNum: pointer[int64](4), PGAutoscaleMode: "off",
		Settings: map[string]string{"allow_ec_overwrites": "true"}, Applications: []string{"rbd"},
	})
	if !made.Created || err != nil || made.MadeRule == nil || *made.MadeRule != "ecdata" {
		t.Fatalf("%+v, %v", made, err)
	}
	p, err := cluster.Pool(ctx, "ecdata")
	expect.NoError(t, err)
	if p.Type != ceph.Erasure || !p.AllowECOverwrites || p.ErasureCodeProfile != "ec21" || p.CrushRule != "ecdata" ||
		!slices.Equal(p.Applications, []string{"rbd"}) {
		t.Errorf("%+v", p)
	}
	newPool(t, cluster, "ecmeta")
	ref := ceph.ImageRef{Pool: "ecmeta", Name: "i"}
	if _, err := cluster.CreateImage(ctx, ceph.ImageSpec{ImageRef: ref, SizeBytes: 8 << 20, DataPool: "ecdata"}); err != nil {
		t.Fatal(err)
	}
	image, err := cluster.Image(ctx, ref)
	if err != nil || image.DataPool != "ecdata" || !slices.Contains(image.Features, "data-pool") {
		t.Errorf("%+v, %v", image, err)
	}
	contents, err := cluster.PoolContents(ctx, "ecdata")
	if err != nil || len(contents.DataOf) != 1 || contents.DataOf[0] != ref {
		t.Errorf("the pool holds the data of %s; got %+v, %v", ref, contents, err)
	}
	expect.NoError(t, cluster.DeleteImage(ctx, named(ref), false, nil))
	expect.NoError(t, cluster.DeletePool(ctx, "ecdata", "ecdata"))
	if rules := ask(t, c, "osd", "crush", "rule", "ls"); strings.Contains(rules, "ecdata") {
		t.Errorf("the rule stayed: %s", rules)
	}
}

func TestPoolContents(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	newPool(t, cluster, "full")
	if _, err := c.Rados(ctx, "-p", "full", "-N", "ns", "create", "foreign"); err != nil {
		t.Fatal(err)
	}
	contents, err := cluster.PoolContents(ctx, "full")
	if err != nil || contents.Empty() || !slices.Equal(contents.Objects, []string{"ns/foreign"}) {
		t.Errorf("%+v, %v", contents, err)
	}
	rbd(t, c, "namespace", "create", "full/n1")
	rbd(t, c, "create", "full/n1/inside", "--size", "1M")
	rbd(t, c, "create", "full/gone", "--size", "1M")
	rbd(t, c, "trash", "mv", "full/gone")
	contents, err = cluster.PoolContents(ctx, "full")
	expect.NoError(t, err)
	if contents.Empty() || len(contents.Images) != 1 || contents.Images[0].String() != "full/n1/inside" || len(contents.Trash) != 1 ||
		contents.Trash[0].Name != "gone" {
		t.Errorf("%+v", contents)
	}
}

// A listing that is given up half-way leaves nothing behind that could fail later.
func TestPoolContentsOfManyObjects(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	// Each placement group is a question of its own to the listing.
	if _, err := cluster.CreatePool(ctx, ceph.PoolSpec{Name: "crowded", PGNum: pointer[int64](128), PGAutoscaleMode: "off"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { expect.NoError(t, cluster.DeletePool(limited(t), "crowded", "")) })
	if _, err := c.Rados(ctx, "-p", "crowded", "bench", "1", "write", "-b", "4096", "-O", "4096", "--max-objects", "500",
		"--no-cleanup"); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		contents, err := cluster.PoolContents(ctx, "crowded")
		if err != nil || contents.Empty() {
			t.Fatalf("%+v, %v", contents, err)
		}
		hurried, cancel := context.WithTimeout(ctx, time.Millisecond)
		_, err = cluster.PoolContents(hurried, "crowded")
		cancel()
		if err != nil && !problem.Is(err, problem.Unreachable) {
			t.Fatal(err)
		}
	}
}

func TestInfo(t *testing.T) {
	cluster, c := east(t)
	info, err := cluster.Info(limited(t))
	expect.NoError(t, err)
	if info.FSID != c.FSID || info.Version == "" || info.Release == "" || len(info.Monitors) != 1 || !info.Monitors[0].InQuorum ||
		!strings.HasPrefix(info.Health, "HEALTH_") {
		t.Errorf("%+v", info)
	}
	if m := info.Monitors[0]; m.V1.Port != c.Monitors[0].V1Port || m.V2.Port != c.Monitors[0].V2Port || m.V2.Host != c.Monitors[0].Host {
		t.Errorf("%+v against %+v", m, c.Monitors[0])
	}
}
