//go:build cgo

package cephrbdsnapshot_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephRBDSnapshot_disappears(t *testing.T) {
	remove := func() { rbd(t, "snap", "rm", "--no-progress", "vms/data@vanishing") }
	run(t, "vanishing",
		resource.TestStep{Config: snapshot("vanishing")},
		resource.TestStep{
			PreConfig: remove,
			Config:    snapshot("vanishing"), ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
			Check: acctest.Check(t, "", names, "vanishing"),
		},
		// One that is removed while it has clones of format 2 goes out of sight, into the trash, and counts as removed.
		resource.TestStep{
			PreConfig: func() {
				rbd(t, "clone", "--rbd-default-clone-format", "2", "vms/data@vanishing", "vms/clone")
				remove()
			},
			Config: snapshot("vanishing"), ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
			Check: acctest.Check(t, "", names, "vanishing"),
		},
		// Another one of the same name is another one.
		resource.TestStep{
			PreConfig: func() {
				rbd(t, "rm", "--no-progress", "vms/clone")
				remove()
				rbd(t, "snap", "create", "--no-progress", "vms/data@vanishing")
			},
			Config: snapshot("vanishing"), ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
			ExpectError: acctest.Message(`Unable to create snapshot vms/data@vanishing in cluster "east". A snapshot of this name exists` +
				` already. It was left as it is. To manage that snapshot, import it: terraform import ceph_rbd_snapshot.NAME` +
				` east/vms/data@vanishing.`),
		},
	)
	remove()
}

// The configuration that Terraform writes for an existing snapshot plans nothing.
func TestAccCephRBDSnapshot_import(t *testing.T) {
	imported := func(id, words string) resource.TestStep {
		return resource.TestStep{ResourceName: address, ImportState: true, ImportStateId: id, ExpectError: acctest.Message(words)}
	}
	generated := resource.TestStep{
		ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: "east/vms/data@adopted",
		GenerateConfig: true,
	}
	const forms = ` is not of the form CLUSTER/POOL[/NAMESPACE]/IMAGE@SNAPSHOT.`
	run(t, "adopted",
		resource.TestStep{Config: snapshot("adopted")},
		generated,
		resource.TestStep{Config: snapshot("adopted", "protected = true")},
		generated,
		imported("vms/data@adopted", `"vms/data@adopted"`+forms),
		imported("east/vms/data", `"east/vms/data"`+forms),
		imported("east/vms/data@a@b", `"east/vms/data@a@b"`+forms),
		imported("east//data@adopted", `"east//data@adopted"`+forms),
		imported("east/vms/data@nothing", `Cannot import non-existent remote object`),
		imported("east/vms/nothing@adopted", `Cannot import non-existent remote object`),
		imported("east/nowhere/data@adopted", `Cannot import non-existent remote object`),
		imported("north/vms/data@adopted", `The provider block has no cluster "north". It has "east", "west".`),
	)
}

// What clones hang on is neither removed nor replaced, and its protection isn't ended: they are named, wherever they are, and nothing is
// changed.
func TestAccCephRBDSnapshot_refusedUnderClones(t *testing.T) {
	for format, protection := range map[string]string{"1": "protected = true", "2": ""} {
		t.Run("format "+format, func(t *testing.T) {
			clone := func(name string) { rbd(t, "clone", "--rbd-default-clone-format", format, "vms/data@base", name) }
			config := snapshot("base", protection)
			unchanged := func(when string) {
				if s := find(t, "base"); s.Name == "" || s.Protected != fmt.Sprint(protection != "") {
					t.Errorf("%s the snapshot is %+v", when, s)
				}
			}
			run(t, "base",
				resource.TestStep{Config: config},
				resource.TestStep{
					PreConfig: func() { clone("images/clone") },
					Config:    config, Destroy: true,
					ExpectError: acctest.Message(`Snapshot vms/data@base of cluster "east" can't be removed. It has 1 clone (images/clone), whose` +
						` data is in it. Nothing was changed. Give the clones their own data (rbd flatten CLONE), or remove them`),
				},
				resource.TestStep{
					PreConfig: func() {
						unchanged("after the refused removal")
						rbd(t, "trash", "mv", "images/clone")
						clone("vms/second")
					},
					Config: of(`"vms"`, `"log"`, "base", protection),
					ExpectError: acctest.MessageAt("image", `Snapshot vms/data@base of cluster "east" can't be removed. It has 2 clones (images/clone`+
						` (in the trash, id`),
				},
				resource.TestStep{
					Config:    snapshot("renamed", protection),
					PreConfig: func() { unchanged("after the refused replacement") },
					Check:     acctest.Check(t, "", names, "renamed"),
				},
				resource.TestStep{
					Config: config,
					Check: func(*terraform.State) error {
						unchanged("after the second rename")
						rbd(t, "rm", "--no-progress", "vms/second")
						rbd(t, "trash", "purge", "--no-progress", "images")
						return nil
					},
				},
			)
		})
	}
	run(t, "base",
		resource.TestStep{Config: snapshot("base", "protected = true")},
		resource.TestStep{
			PreConfig: func() { rbd(t, "clone", "--rbd-default-clone-format", "1", "vms/data@base", "images/clone") },
			Config:    snapshot("base"),
			ExpectError: acctest.Message(`The protection of snapshot vms/data@base of cluster "east" can't be ended. It has 1 clone` +
				` (images/clone), whose data is in it. Nothing was changed.`),
		},
		resource.TestStep{
			PreConfig: func() {
				if find(t, "base").Protected != "true" {
					t.Error("the snapshot is not protected any more")
				}
				rbd(t, "rm", "--no-progress", "images/clone")
			},
			Config: snapshot("base"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
		},
	)
}

// A snapshot follows its image, and the image its pool, under new names, whoever gave them, and nothing is made anew.
func TestAccCephRBDSnapshot_renamedImageAndPool(t *testing.T) {
	config := func(pool, image string) string {
		return "resource \"ceph_pool\" \"test\" {\n  cluster = \"east\"\n  name = \"" + pool + "\"\n  applications = [\"rbd\"]\n}\n" +
			"resource \"ceph_rbd_image\" \"test\" {\n  cluster = \"east\"\n  pool = ceph_pool.test.name\n  name = \"" + image +
			"\"\n  size = \"1MiB\"\n}\n" + of("ceph_rbd_image.test.pool", "ceph_rbd_image.test.name", "before")
	}
	follows := func(id string) resource.TestStep {
		return resource.TestStep{
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check:            resource.TestCheckResourceAttr(address, "id", id),
		}
	}
	with := func(step resource.TestStep, config string) resource.TestStep { step.Config = config; return step }
	run(t, "nothing",
		resource.TestStep{Config: config("first", "one")},
		with(follows("east/first/two@before"), config("first", "two")),
		with(follows("east/second/two@before"), config("second", "two")),
		with(follows("east/third/three@before"), config("third", "three")),
		resource.TestStep{
			PreConfig:        func() { rbd(t, "rename", "third/three", "third/by-hand") },
			Config:           config("third", "by-hand"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check:            resource.TestCheckResourceAttr(address, "id", "east/third/by-hand@before"),
		},
		resource.TestStep{
			Config: strings.Replace(config("third", "by-hand"), "image = ceph_rbd_image.test.name", `image = "other"`, 1),
			ExpectError: acctest.MessageAt("image", `Cluster "east" has no image third/other yet, so what becomes of snapshot`+
				` third/by-hand@before can't be planned.`),
		},
	)
}

// A client that writes goes on while snapshots of its image come, get another name, and go.
func TestAccCephRBDSnapshot_whileTheImageIsOpen(t *testing.T) {
	var closeImage func()
	run(t, "open",
		resource.TestStep{
			PreConfig: func() { images(t); closeImage = acctest.OpenImage(t, "east", "admin", "vms/data") },
			Config:    snapshot("open", "protected = true"),
			Check:     acctest.Check(t, "", names, "open"),
		},
		resource.TestStep{Config: snapshot("renamed"), Check: acctest.Check(t, "", names, "renamed")},
		resource.TestStep{Config: snapshot("renamed"), Destroy: true},
		resource.TestStep{Config: snapshot("open"), Check: func(*terraform.State) error { closeImage(); return nil }},
	)
}

// What would be refused half-way, or in a loop, is refused at once.
func TestAccCephRBDSnapshot_refusedByTheImage(t *testing.T) {
	images(t)
	locker := func(config, words string, destroy bool) resource.TestStep {
		return resource.TestStep{
			Config: config, Destroy: destroy, ExpectError: acctest.Message(`Image vms/data of cluster "east" can't be changed now.` + words),
		}
	}
	lock := func() { rbd(t, "lock", "add", "vms/data", "mine") }
	unlock := func() {
		for line := range strings.Lines(rbd(t, "lock", "ls", "vms/data")) {
			if fields := strings.Fields(line); len(fields) > 2 && fields[1] == "mine" {
				rbd(t, "lock", "rm", "vms/data", "mine", fields[0])
			}
		}
	}
	locked := locker(snapshot("held"), ` Client`, false)
	locked.PreConfig = lock
	run(t, "held",
		locked,
		resource.TestStep{PreConfig: unlock, Config: snapshot("held")},
		// The image's own limit.
		resource.TestStep{
			PreConfig: func() { rbd(t, "snap", "limit", "set", "--limit", "1", "vms/data") },
			Config:    snapshot("held") + strings.Replace(snapshot("more"), `"test"`, `"more"`, 1),
			ExpectError: acctest.Message(`Unable to create snapshot vms/data@more in cluster "east". The image has as many snapshots as its own` +
				` limit allows`),
		},
		resource.TestStep{PreConfig: func() { rbd(t, "snap", "limit", "clear", "vms/data") }, Config: snapshot("held")},
	)
	for name, test := range map[string]struct{ config, message string }{
		"no image":     {of(`"vms"`, `"nothing"`, "s"), `Cluster "east" has no image vms/nothing.`},
		"no pool":      {of(`"nowhere"`, `"data"`, "s"), `Cluster "east" has no image nowhere/data. Cluster "east" has no pool "nowhere".`},
		"no namespace": {snapshot("s", `namespace = "nobody"`), `Cluster "east" has no image vms/nobody/data.`},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, "s", resource.TestStep{Config: test.config, ExpectError: acctest.Message(test.message)})
		})
	}
}

// During a migration the snapshot is not where it was, and has not gone either: it stays in the state, and is there again after an abort.
func TestAccCephRBDSnapshot_migration(t *testing.T) {
	images(t)
	config := of(`"images"`, `"moving"`, "before")
	id := func(t *testing.T, _ string) string { return fmt.Sprint(snapshots(t, "east", "images/moving")) }
	before := ""
	run(t, "nothing",
		resource.TestStep{
			PreConfig: func() { rbd(t, "create", "--size", "1M", "images/moving") },
			Config:    config,
			Check:     func(*terraform.State) error { before = id(t, ""); return nil },
		},
		resource.TestStep{
			PreConfig:        func() { rbd(t, "migration", "prepare", "images/moving", "vms/moved") },
			Config:           config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
		resource.TestStep{
			Config: config, Destroy: true, ExpectError: acctest.Message(`in pool "images" of cluster "east" is being migrated.`),
		},
		resource.TestStep{
			PreConfig:        func() { rbd(t, "migration", "abort", "--no-progress", "vms/moved") },
			Config:           config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check: func(*terraform.State) error {
				if after := id(t, ""); after != before {
					return fmt.Errorf("it was %s and is %s", before, after)
				}
				return nil
			},
		},
	)
	rbd(t, "rm", "--no-progress", "images/moving")
}

// Snapshots of groups are librbd's own: they are neither imported nor listed under their name.
func TestAccCephRBDSnapshot_ofAGroup(t *testing.T) {
	images(t)
	rbd(t, "group", "create", "vms/together")
	rbd(t, "group", "image", "add", "vms/together", "vms/log")
	rbd(t, "group", "snap", "create", "vms/together@s")
	var name string
	for line := range strings.Lines(rbd(t, "snap", "ls", "--all", "vms/log")) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], ".group") {
			name = fields[1]
		}
	}
	if name == "" {
		t.Fatal("the group has made no snapshot")
	}
	run(t, "nothing", resource.TestStep{
		Config: of(`"vms"`, `"log"`, name), ResourceName: address, ImportState: true, ImportStateId: "east/vms/log@" + name,
		ExpectError: acctest.Message(`Cannot import non-existent remote object`),
	})
	rbd(t, "group", "snap", "rm", "vms/together@s")
	rbd(t, "group", "remove", "vms/together")
}

func TestAccCephRBDSnapshot_deadCluster(t *testing.T) {
	images(t)
	cluster := acctest.Bed(t).Cluster("west")
	west := func(name string) string {
		config := snapshot(name, `timeouts = { create = "60s", read = "15s", update = "60s", delete = "60s" }`)
		return strings.Replace(config, `cluster = "east"`, `cluster = "west"`, 1)
	}
	begin, end := acctest.Outage(t, "west", cluster.PauseMonitors, cluster.ResumeMonitors)
	inTime := acctest.Message(`Cluster "west" did not answer in time.`)
	run(t, "waiting",
		resource.TestStep{Config: west("waiting")},
		resource.TestStep{PreConfig: begin, Config: west("waiting-new"), ExpectError: inTime},
		resource.TestStep{Config: west("waiting"), Destroy: true, ExpectError: inTime},
		resource.TestStep{PreConfig: end, Config: west("waiting"), PlanOnly: true},
	)
	acctest.Record(t, snapshotType, "timeouts", acctest.Set)
}
