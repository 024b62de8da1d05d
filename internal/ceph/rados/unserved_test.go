//go:build cgo

package rados_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// ruleWithoutOSDs makes a rule that finds no OSD.
func ruleWithoutOSDs(t *testing.T, c *testbed.Cluster, rule string) {
	t.Helper()
	ask(t, c, "osd", "crush", "add-bucket", rule+"-root", "root")
	ask(t, c, "osd", "crush", "rule", "create-replicated", rule, rule+"-root", "osd")
	t.Cleanup(func() {
		ask(t, c, "osd", "crush", "rule", "rm", rule)
		ask(t, c, "osd", "crush", "rm", rule+"-root")
	})
}

// awaitMaps waits until each OSD has the map of OSDs and pools that the monitors have now.
func awaitMaps(t *testing.T, c *testbed.Cluster) {
	t.Helper()
	epochs := func(field string, args ...string) int {
		t.Helper()
		var answer map[string]any
		expect.NoError(t, json.Unmarshal([]byte(ask(t, c, append(args, "--format", "json")...)), &answer))
		epoch, _ := answer[field].(float64)
		return int(epoch)
	}
	now := epochs("epoch", "osd", "dump")
	for _, osd := range strings.Fields(ask(t, c, "osd", "ls")) {
		expect.Eventually(t, "the map at OSD "+osd, func() bool { return epochs("newest_map", "tell", "osd."+osd, "status") >= now })
	}
}

// deletePool leaves the cluster without a pool that some calls would wait for.
func deletePool(t *testing.T, c *testbed.Cluster, name string) {
	t.Helper()
	t.Cleanup(func() { ask(t, c, "osd", "pool", "delete", name, name, "--yes-i-really-really-mean-it") })
}

// Each row is a pool whose placement groups can't become active. librbd itself would wait for five minutes.
func TestImageOnPoolWithoutOSDs(t *testing.T) {
	cluster, c := east(t)
	ruleWithoutOSDs(t, c, "nowhere")
	ask(t, c, "osd", "crush", "rule", "create-replicated", "hosts", "default", "host")
	t.Cleanup(func() { ask(t, c, "osd", "crush", "rule", "rm", "hosts") })
	ask(t, c, "osd", "erasure-code-profile", "set", "hosts", "k=2", "m=1", "--force")
	newPool(t, cluster, "headers")
	for name, tc := range map[string]struct {
		create [][]string
		data   bool // the pool is the data pool of an image in another
		words  string
	}{
		"no-osd": {
			[][]string{{"osd", "pool", "create", "no-osd", "8", "8", "replicated", "nowhere"}},
			false,
			`Pool "no-osd" can't be read or written: its placement group`,
		},
		"few-hosts": {
			[][]string{
				{"osd", "pool", "create", "few-hosts", "8", "8", "replicated", "hosts"}, {"osd", "pool", "set", "few-hosts", "min_size", "2"},
			},
			false,
			`CRUSH rule "hosts" (take default, chooseleaf firstn 0 type host) finds at most 1 OSD that is up and in. The pool needs 2 for a write`,
		},
		"few-chunks": {
			[][]string{
				{"osd", "pool", "create", "few-chunks", "8", "8", "erasure", "hosts"},
				{"osd", "pool", "set", "few-chunks", "allow_ec_overwrites", "true"},
			},
			true,
			`Pool "few-chunks" can't be read or written: its placement group`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			deletePool(t, c, name)
			for _, args := range tc.create {
				ask(t, c, args...)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			spec := ceph.ImageSpec{ImageRef: ceph.ImageRef{Pool: name, Name: "disk"}, SizeBytes: 4 << 20}
			if tc.data {
				spec.Pool, spec.DataPool = "headers", name
			}
			created, err := cluster.CreateImage(ctx, spec)
			expect.Problem(t, err, problem.Unserved, fmt.Sprintf(`Unable to create image %s in cluster "east".`, spec.ImageRef), tc.words,
				"ceph osd tree")
			if created {
				t.Error("an image is said to be there")
			}
			_, err = cluster.PoolContents(ctx, name)
			expect.Problem(t, err, problem.Unserved, fmt.Sprintf(`Unable to find out what pool %q of cluster "east" holds.`, name), tc.words)
		})
	}
}

// What waits for a pool names it in the end, and nothing waits for a pool that it has no need of.
func TestImageOfPoolThatLostItsOSDs(t *testing.T) {
	patient, c := east(t)
	cfg := configOf(c)
	cfg.OperationTimeout = 5 * time.Second
	cluster := connect(t, cfg)
	ruleWithoutOSDs(t, c, "lost")
	for _, name := range []string{"well", "unwell"} {
		newPool(t, patient, name)
		ref := ceph.ImageRef{Pool: name, Name: "disk"}
		if _, err := patient.CreateImage(limited(t), ceph.ImageSpec{ImageRef: ref, SizeBytes: 4 << 20}); err != nil {
			t.Fatal(err)
		}
	}
	rbd(t, c, "snap", "create", "--no-progress", "well/disk@s")
	ask(t, c, "osd", "pool", "set", "unwell", "crush_rule", "lost")
	// Before the pool is deleted: its placement groups would be waited for.
	t.Cleanup(func() { ask(t, c, "osd", "pool", "set", "unwell", "crush_rule", "replicated_rule") })
	awaitMaps(t, c) // until then the OSDs go on serving the pool
	well, unwell := ceph.ImageRef{Pool: "well", Name: "disk"}, ceph.ImageRef{Pool: "unwell", Name: "disk"}
	for name, call := range map[string]struct {
		do   func(context.Context) error
		kind problem.Kind
	}{
		"reading": {func(ctx context.Context) error { _, err := cluster.Image(ctx, unwell); return err }, problem.Unreachable},
		"contents of the pool": {
			func(ctx context.Context) error { _, err := cluster.PoolContents(ctx, "unwell"); return err }, problem.Unserved,
		},
		"clients of the pool": {
			func(ctx context.Context) error { _, err := cluster.PoolWatchers(ctx, "unwell"); return err }, problem.Unserved,
		},
		"growth": {func(ctx context.Context) error { return cluster.ResizeImage(ctx, unwell, 8<<20, true) }, problem.Unserved},
		"rename": {func(ctx context.Context) error { return cluster.RenameImage(ctx, unwell, "other") }, problem.Unserved},
		"metadata": {func(ctx context.Context) error {
			return cluster.SetImageMetadata(ctx, unwell, map[string]string{"k": "v"}, nil)
		}, problem.Unserved},
		"settings of the pool": {func(ctx context.Context) error { _, err := cluster.PoolConfig(ctx, "unwell"); return err }, problem.Unserved},
		"settings for the pool": {func(ctx context.Context) error {
			return cluster.SetPoolConfig(ctx, "unwell", map[string]string{"rbd_cache": "true"}, nil)
		}, problem.Unserved},
		"features": {func(ctx context.Context) error {
			return cluster.SetImageFeatures(ctx, unwell, nil, []string{"fast-diff"})
		}, problem.Unserved},
		"removal": {func(ctx context.Context) error {
			return cluster.DeleteImage(ctx, named(unwell), false, nil)
		}, problem.Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			expect.Problem(t, call.do(ctx), call.kind, `Pool "unwell" can't be read or written: its placement group`, `is on 0 OSDs`,
				"ceph osd tree")
		})
	}
	// Clones are listed in their parent's own pool, so an image of another pool is not held up.
	contents, err := patient.ImageContents(limited(t), well, "")
	if err != nil || len(contents.Snapshots) != 1 {
		t.Errorf("image of another pool: %+v, %v", contents, err)
	}
}
