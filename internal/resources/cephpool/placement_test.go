//go:build cgo

package cephpool_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// moreBuckets are added to the CRUSH map of the three OSDs on one host.
const moreBuckets = `
rack r1 {
  id -101
  alg straw2
  hash 0
  item osd.0 weight 1.0
  item osd.1 weight 1.0
}
rack r2 {
  id -102
  alg straw2
  hash 0
  item osd.2 weight 1.0
}
root racks {
  id -103
  alg straw2
  hash 0
  item r1 weight 2.0
  item r2 weight 1.0
}
root bare {
  id -104
  alg straw2
  hash 0
}
`

var stepsOfRules = []struct{ name, steps string }{
	{"nowhere", "take bare|choose firstn 0 type osd"},
	{"lone", "take default class lone|chooseleaf firstn 0 type osd"},
	{"hosts", "take default|chooseleaf firstn 0 type host"},
	{"two", "take r1|choose firstn 0 type osd"},
	{"one_rack", "take racks|choose firstn 1 type rack|chooseleaf firstn 0 type osd"},
}

// crushRules adds these rules to the cluster east until the test ends.
func crushRules(t *testing.T) {
	t.Helper()
	acctest.Bed(t)
	dir := t.TempDir()
	before, text, after := filepath.Join(dir, "before"), filepath.Join(dir, "text"), filepath.Join(dir, "after")
	tool := func(args ...string) {
		if out, err := exec.CommandContext(t.Context(), "crushtool", args...).CombinedOutput(); err != nil {
			t.Fatalf("crushtool: %v\n%s", err, out)
		}
	}
	ceph(t, "osd", "getcrushmap", "-o", before)
	tool("-d", before, "-o", text)
	content, err := os.ReadFile(text)
	if err != nil {
		t.Fatal(err)
	}
	added := strings.NewReplacer("device 2 osd.2 class hdd", "device 2 osd.2 class lone", "# rules\n", moreBuckets).Replace(string(content))
	for i, rule := range stepsOfRules {
		added += fmt.Sprintf("rule %s {\n  id %d\n  type replicated\n  min_size 1\n  max_size 10\n  step %s\n  step emit\n}\n",
			rule.name, 101+i, strings.ReplaceAll(rule.steps, "|", "\n  step "))
	}
	if err := os.WriteFile(text, []byte(added), 0o600); err != nil {
		t.Fatal(err)
	}
	tool("-c", text, "-o", after)
	ceph(t, "osd", "setcrushmap", "-i", after)
	t.Cleanup(func() { ceph(t, "osd", "setcrushmap", "-i", before) })
}

// writer is a guest that writes to the image POOL/disk of the cluster east, and reads back, without a pause.
func writer(t *testing.T, pool string) *testbed.Guest {
	t.Helper()
	host, ctx := acctest.Bed(t).Hypervisor("kvm1"), context.Background()
	const secret = "5d0b5b3e-6a5f-4b0e-9a55-0b8f2c1d7e11"
	definition := "<secret ephemeral='no' private='yes'><uuid>" + secret +
		"</uuid><usage type='ceph'><name>client.admin</name></usage></secret>"
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(host.VirshIn(ctx, definition, "secret-define", "/dev/stdin"))
	t.Cleanup(func() { must(host.Virsh(ctx, "secret-undefine", secret)) })
	must(host.VirshIn(ctx, acctest.Bed(t).Cluster("east").AdminKey, "secret-set-value", secret, "--file", "/dev/stdin"))
	guest, err := host.DefineGuest(ctx, testbed.GuestOptions{Name: "writer"})
	must(nil, err)
	t.Cleanup(func() { must(nil, guest.Undefine(ctx)) })
	must(nil, guest.Start(ctx))
	t.Cleanup(func() { must(nil, guest.Destroy(ctx)) })

	rbd(t, "create", "--size", "32M", pool+"/disk")
	text := acctest.XML(t, acctest.RBDDisk(t, "east", pool+"/disk", "vdb", "admin", secret))
	must(host.VirshIn(ctx, text, "attach-device", guest.Name, "/dev/stdin", "--live"))
	disk, err := guest.WaitDisk(ctx, func(testbed.GuestDisk) bool { return true })
	must(nil, err)
	must(nil, guest.StartCounter(ctx, disk.Name))
	return guest
}

// waitForMoreWrites waits until the guest has written and read back a few more times.
func waitForMoreWrites(t *testing.T, guest *testbed.Guest) {
	t.Helper()
	rounds := func() int {
		state, err := guest.Counter(context.Background())
		if err != nil || state.Errors > 0 {
			t.Fatalf("the guest's disk fails: %s, %v", state.LastError, err)
		}
		return state.Rounds
	}
	from := rounds()
	expect.Eventually(t, "the guest to write and read back", func() bool { return rounds() > from+3 })
}

// placed is a second view of what decides on the OSDs of a pool.
func placed(t *testing.T, name string) string {
	return fmt.Sprintf("%s %s %s", get("crush_rule")(t, name), field("size")(t, name), field("min_size")(t, name))
}

// Each row would leave a placement group with fewer OSDs than the pool asks for. A guest writes all the time.
func TestAccCephPool_rulesThatFindTooFewOSDs(t *testing.T) {
	crushRules(t)
	config := func(assignments ...string) string {
		return pool("busy", append([]string{`applications = ["rbd"]`, "pg_num = 16", `pg_autoscale_mode = "off"`, "force_destroy = true"},
			assignments...)...)
	}
	good := []string{`crush_rule = "replicated_rule"`, "size = 3", "min_size = 2"}
	out, in := func() { ceph(t, "osd", "out", "2") }, func() { ceph(t, "osd", "in", "2") }
	t.Cleanup(in)
	var guest *testbed.Guest
	unchanged := func(then func()) func() {
		return func() {
			if got := placed(t, "busy"); got != "replicated_rule 3 2" {
				t.Errorf("after a refusal the pool has %s", got)
			}
			waitForMoreWrites(t, guest)
			if then != nil {
				then()
			}
		}
	}
	steps := []resource.TestStep{{Config: config(good...), Check: func(*terraform.State) error {
		guest = writer(t, "busy")
		return nil
	}}}
	for _, row := range []struct {
		assignments []string
		before      func()
		at, words   string
	}{
		{
			[]string{`crush_rule = "nowhere"`, good[1], good[2]},
			nil, "crush_rule",
			`Pool "busy" of cluster "east" can't be changed to size 3 (min_size 2) with CRUSH rule "nowhere". CRUSH rule "nowhere" (take bare,` +
				` choose firstn 0 type osd) finds at most 0 OSDs that are up and in. The pool needs 2 for a write: with fewer, guests' writes stand` +
				` still without an error.`,
		},
		{[]string{`crush_rule = "lone"`, good[1], good[2]}, nil, "crush_rule", `"lone" (take default class lone, chooseleaf firstn 0 type osd)` +
			` finds at most 1 OSD that is up and in.`},
		{[]string{`crush_rule = "hosts"`, good[1], good[2]}, nil, "crush_rule", `(take default, chooseleaf firstn 0 type host) finds at most 1` +
			` OSD that is up and in.`},
		{[]string{`crush_rule = "two"`, good[1], good[2]}, nil, "crush_rule", `finds at most 2 OSDs that are up and in. The pool asks for 3.`},
		{[]string{`crush_rule = "two"`, "size = 4", "min_size = 2"}, nil, "crush_rule", `finds at most 2 OSDs that are up and in. The pool` +
			` asks for 4.`},
		{[]string{good[0], "size = 4", good[2]}, nil, "size", `finds at most 3 OSDs that are up and in. The pool asks for 4.`},
		{[]string{good[0], good[1], "min_size = 3"}, out, "min_size", `finds at most 2 OSDs that are up and in. The pool needs 3 for a write`},
	} {
		before := row.before
		steps = append(steps, resource.TestStep{
			PreConfig: unchanged(before), Config: config(row.assignments...), ExpectError: acctest.MessageAt(row.at, row.words),
		})
	}
	steps = append(steps,
		// The rule chooses a rack first, and one rack has no OSD: only the placement groups show that.
		resource.TestStep{
			PreConfig: unchanged(nil), Config: config(`crush_rule = "one_rack"`, "size = 2", "min_size = 2"),
			ExpectError: acctest.Message(`The change of crush_rule, size, min_size of pool "busy" of cluster "east" was taken back: guests' writes` +
				` would stand still.`),
		},
		// Without a change of placement nothing is counted: with an OSD out the pool stays manageable.
		resource.TestStep{PreConfig: unchanged(nil), Config: config(append(good, `quota_max_bytes = "1GiB"`)...)},
		resource.TestStep{PreConfig: unchanged(in), Config: config(append(good, `quota_max_bytes = "1GiB"`)...), PlanOnly: true},
		// All changes in one apply, in an order that never asks for more OSDs than there are.
		resource.TestStep{
			Config: config(`crush_rule = "two"`, "size = 2", "min_size = 2"),
			Check:  acctest.Check(t, "busy", placed, "two 2 2"),
		},
		resource.TestStep{
			PreConfig: func() { waitForMoreWrites(t, guest) },
			Config:    config(`crush_rule = "replicated_rule"`, "size = 3", "min_size = 3"),
			Check: func(*terraform.State) error {
				waitForMoreWrites(t, guest)
				stopGuest(t, guest)
				return nil
			},
		},
	)
	run(t, "busy", steps...)
}

// stopGuest stops the guest, so that the pool can be deleted.
func stopGuest(t *testing.T, guest *testbed.Guest) {
	t.Helper()
	if err := guest.StopCounter(context.Background()); err != nil {
		t.Fatal(err)
	}
	acctest.Virsh(t, "kvm1", "detach-disk", guest.Name, "vdb", "--live")
	expect.Eventually(t, "the guest to let go", func() bool { return !strings.Contains(rbd(t, "status", "busy/disk"), "watcher=") })
}

// poolWithTooFewOSDs asks for two copies on one host, and dataPoolWithTooFewOSDs for three chunks: neither can become active.
const poolWithTooFewOSDs = `
terraform {
  required_providers {
    ceph = { source = "ceph-libvirt/ceph" }
  }
}
variable "min_size" {
  type = number
}
resource "ceph_pool" "plain" {
  cluster      = "east"
  name         = "stranded"
  crush_rule   = "hosts"
  size         = 3
  min_size     = var.min_size
  applications = ["rbd"]
}
resource "ceph_rbd_image" "plain" {
  cluster = "east"
  pool    = ceph_pool.plain.name
  name    = "disk"
  size    = "4MiB"
}
`

const dataPoolWithTooFewOSDs = `
resource "ceph_pool" "data" {
  cluster              = "east"
  name                 = "stranded-data"
  erasure_code_profile = "across-hosts"
  allow_ec_overwrites  = true
  applications         = ["rbd"]
}
resource "ceph_rbd_image" "data" {
  cluster   = "east"
  pool      = ceph_pool.plain.name
  data_pool = ceph_pool.data.name
  name      = "coded"
  size      = "4MiB"
}
`

// A pool whose placement groups can't become active is created with a warning; an image in it would wait.
func TestAccCephPool_withoutEnoughOSDs(t *testing.T) {
	crushRules(t)
	ceph(t, "osd", "erasure-code-profile", "set", "across-hosts", "k=2", "m=1", "--force")
	w := acctest.NewWorkspaceOf(t, poolWithTooFewOSDs+acctest.Provider(t))
	w.Set(t, "min_size", 2)
	out, err := w.Try(t, "apply", "-auto-approve", "-input=false")
	if err == nil {
		t.Fatalf("an image was made:\n%s", out)
	}
	for _, words := range []string{
		`Ceph pool created, but not as it was asked for`,
		`Pool "stranded" of cluster "east" was created, but can't be read or written yet: its placement group`,
		`CRUSH rule "hosts" (take default, chooseleaf firstn 0 type host) finds at most 1 OSD that is up and in. The pool needs 2 for a write`,
		`Unable to create image stranded/disk in cluster "east". Pool "stranded" can't be read or written: its placement group`,
	} {
		if !acctest.Message(words).MatchString(out) {
			t.Errorf("%q is missing in:\n%s", words, out)
		}
	}
	if got := placed(t, "stranded"); got != "hosts 3 2" {
		t.Errorf("the pool has %s", got)
	}

	// A change that improves the placement is allowed, also where there are still too few OSDs for all copies.
	w.Set(t, "min_size", 1)
	w.Apply(t)
	if got := applications(t, "stranded"); got != "rbd" {
		t.Errorf("the pool is enabled for %q", got)
	}
	w.ExpectEmptyPlan(t)

	// A quota that is used up stops writes too. The statistics lag behind.
	put(t, "stranded", "thing")
	expect.Eventually(t, "the statistics", func() bool { return counted(t, "stranded") > 0 })
	w.Write(t, strings.Replace(poolWithTooFewOSDs, "  applications", "  quota_max_objects = 1\n  applications", 1)+acctest.Provider(t))
	plan := w.Terraform(t, "plan", "-input=false")
	if !acctest.Message(`Pool "stranded" of cluster "east" holds`).MatchString(plan) || !strings.Contains(plan, "Quota used up") {
		t.Errorf("no warning of a quota that is used up:\n%s", plan)
	}
	remove(t, "stranded", "thing")

	w.Write(t, poolWithTooFewOSDs+dataPoolWithTooFewOSDs+acctest.Provider(t))
	out, err = w.Try(t, "apply", "-auto-approve", "-input=false")
	for _, words := range []string{
		`Pool "stranded-data" of cluster "east" was created, but can't be read or written yet: its placement group`,
		`Unable to create image stranded/coded in cluster "east". Pool "stranded-data" can't be read or written: its placement group`,
	} {
		if err == nil || !acctest.Message(words).MatchString(out) {
			t.Errorf("%q is missing in:\n%s", words, out)
		}
	}
	// The contents of such a pool can't be listed, nor can the clones in other pools.
	ceph(t, "osd", "pool", "delete", "stranded-data", "stranded-data", "--yes-i-really-really-mean-it")
	w.Destroy(t)
}

// What is in a pool without OSDs can't be seen, so it is not deleted, also not by force: somebody may have its images open.
func TestAccCephPool_deletedWithoutOSDs(t *testing.T) {
	crushRules(t)
	config := func(assignments ...string) string {
		return pool("dark", append([]string{`applications = ["rbd"]`, "pg_num = 4", `pg_autoscale_mode = "off"`}, assignments...)...)
	}
	rule := func(name string) func() { return func() { ceph(t, "osd", "pool", "set", "dark", "crush_rule", name) } }
	refused := func(config string) resource.TestStep {
		return resource.TestStep{
			PreConfig: rule("nowhere"), Config: config, Destroy: true,
			ExpectError: acctest.Message(`is on 0 OSDs, and min_size is 1. CRUSH rule "nowhere" (take bare, choose firstn 0 type osd) finds at` +
				` most 0 OSDs that are up and in. The pool needs 1 for a write: with fewer, guests' writes stand still without an error.` +
				` Bring OSDs back that are down or out (ceph osd tree), or give pool "dark" a` +
				` CRUSH rule, size and min_size that fit the OSDs there are. Then apply again. Or delete it by hand, with whatever is in it, which` +
				` nobody can see now: ceph osd pool delete dark dark --yes-i-really-really-mean-it.`),
		}
	}
	run(t, "dark",
		resource.TestStep{Config: config()},
		refused(config()),
		resource.TestStep{PreConfig: rule("replicated_rule"), Config: config("force_destroy = true")},
		refused(config("force_destroy = true")),
		resource.TestStep{PreConfig: func() {
			if !exists(t, "dark") {
				t.Fatal("the pool is gone")
			}
			rule("replicated_rule")()
		}, Config: config("force_destroy = true"), PlanOnly: true},
	)
}
