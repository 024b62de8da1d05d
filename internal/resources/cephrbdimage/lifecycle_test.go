//go:build cgo

package cephrbdimage_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// fill writes a few bytes into an image by hand.
func fill(t *testing.T, cluster, spec string) {
	t.Helper()
	acctest.RBD(t, cluster, "bench", "--io-type", "write", "--io-size", "4K", "--io-total", "4K", spec)
}

func TestAccCephRBDImage_disappears(t *testing.T) {
	run(t, "vanishing",
		resource.TestStep{Config: image("vanishing", small)},
		resource.TestStep{
			PreConfig: func() { rbd(t, "rm", "--no-progress", "vms/vanishing") },
			Config:    image("vanishing", small), ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
			Check: acctest.Check(t, "vanishing", field("size"), "4194304"),
		},
		// An image in the trash counts as deleted.
		resource.TestStep{
			PreConfig: func() { rbd(t, "trash", "mv", "vms/vanishing") },
			Config:    image("vanishing", small), ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
		},
	)
}

// The configuration that Terraform writes for an existing image plans nothing.
func TestAccCephRBDImage_generatedConfig(t *testing.T) {
	for name, assignments := range map[string]string{
		"plain":   "",
		"striped": "object_size = \"1MiB\"\n  stripe_unit = \"64KiB\"\n  stripe_count = 2\n  data_pool = \"data\"",
		"told":    "metadata = { owner = \"somebody\" }\n  config = { rbd_cache = \"false\" }\n  features = [\"layering\"]",
	} {
		t.Run(name, func(t *testing.T) {
			run(t, name,
				resource.TestStep{Config: image(name, small, assignments)},
				resource.TestStep{
					ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: "east/vms/" + name,
					GenerateConfig: true,
				})
		})
	}
}

func TestAccCephRBDImage_importForms(t *testing.T) {
	imported := func(id, words string) resource.TestStep {
		return resource.TestStep{ResourceName: address, ImportState: true, ImportStateId: id, ExpectError: acctest.Message(words)}
	}
	run(t, "form",
		resource.TestStep{Config: image("form", small)},
		imported("vms/form", `"vms/form" is not of the form CLUSTER/POOL[/NAMESPACE]/IMAGE.`),
		imported("east//form", `"east//form" is not of the form`),
		imported("east/vms/nothing", `Cannot import non-existent remote object`),
		imported("east/nowhere/form", `Cannot import non-existent remote object`),
		imported("north/vms/form", `The provider block has no cluster "north". It has "east", "west".`),
	)
}

// A running guest keeps working while its image is renamed and grows.
func TestAccCephRBDImage_changedWhileOpen(t *testing.T) {
	id := ""
	var closeImage func()
	run(t, "renamed",
		resource.TestStep{Config: image("open", small), Check: func(*terraform.State) error { id = field("id")(t, "open"); return nil }},
		resource.TestStep{
			PreConfig:        func() { closeImage = acctest.OpenImage(t, "east", "admin", "vms/open") },
			Config:           image("renamed", `size = "16MiB"`, `metadata = { owner = "somebody" }`),
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeAggregateTestCheckFunc(
				func(*terraform.State) error {
					if got := field("id")(t, "renamed"); got != id {
						return fmt.Errorf("the image's id was %s and is %s", id, got)
					}
					return nil
				},
				acctest.Check(t, "renamed", field("size"), "16777216"),
				resource.TestCheckResourceAttr(address, "id", "east/vms/renamed"),
			),
		},
		// An image that a client has open is not deleted, whatever its contents.
		resource.TestStep{
			Config: image("renamed", `size = "16MiB"`, "force_destroy = true", `timeouts = { delete = "20s" }`),
		},
		resource.TestStep{
			Config: image("renamed", `size = "16MiB"`, "force_destroy = true", `timeouts = { delete = "20s" }`), Destroy: true,
			ExpectError: acctest.Message(`Unable to delete image vms/renamed of cluster "east". It is in use by client.admin at 127.0.0.1:0/`),
		},
		resource.TestStep{
			PreConfig: func() { rbd(t, "create", "--size", "1M", "vms/taken") },
			Config:    image("taken", `size = "16MiB"`),
			ExpectError: acctest.MessageAt("name", `Image vms/renamed on cluster "east" can't be renamed to "taken". There is already an image of`+
				` that name.`),
		},
		resource.TestStep{
			PreConfig: func() {
				rbd(t, "rm", "--no-progress", "vms/taken")
				closeImage()
			},
			Config: image("renamed", `size = "16MiB"`),
		},
	)
}

func TestAccCephRBDImage_shrink(t *testing.T) {
	marked := func(mark acctest.Mark) resource.TestCheckFunc {
		return acctest.Recorded(t, imageType, mark, "allow_shrink")
	}
	run(t, "shrinking",
		resource.TestStep{Config: image("shrinking", `size = "8MiB"`)},
		resource.TestStep{
			Config: image("shrinking", small),
			ExpectError: acctest.MessageAt("size", `Image vms/shrinking on cluster "east" has 8MiB, and the configuration asks for 4MiB. That`+
				` would destroy the data beyond the new end.`),
		},
		resource.TestStep{
			Config: image("shrinking", small, "allow_shrink = true"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeAggregateTestCheckFunc(
				acctest.Check(t, "shrinking", field("size"), "4194304"), marked(acctest.Set), marked(acctest.Changed),
			),
		},
		// Grown by hand: the configured size is now a shrink, which is no longer allowed.
		resource.TestStep{
			PreConfig:   func() { rbd(t, "resize", "--no-progress", "--size", "8M", "vms/shrinking") },
			Config:      image("shrinking", small),
			ExpectError: acctest.MessageAt("size", `Image vms/shrinking on cluster "east" has 8MiB, and the configuration asks for 4MiB.`),
		},
		resource.TestStep{Config: image("shrinking", `size = "8MiB"`), Check: marked(acctest.Cleared)},
	)
}

// grownByHand makes an image of the pool vms larger between plan and apply.
type grownByHand struct {
	t          *testing.T
	name, size string
}

func (g grownByHand) CheckPlan(context.Context, plancheck.CheckPlanRequest, *plancheck.CheckPlanResponse) {
	rbd(g.t, "resize", "--no-progress", "--size", g.size, "vms/"+g.name)
}

// Nothing is cut off that the plan has not told of, also with allow_shrink.
func TestAccCephRBDImage_grownSincePlan(t *testing.T) {
	grow := func(size string) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{grownByHand{t, "grown", size}}}
	}
	with := func(size string) string { return image("grown", fmt.Sprintf("size = %q", size), "allow_shrink = true") }
	kept := func(want string) func() {
		return func() {
			if size := field("size")(t, "grown"); size != want {
				t.Errorf("the image has %s bytes, want %s", size, want)
			}
		}
	}
	run(t, "grown",
		resource.TestStep{Config: with("4MiB")},
		resource.TestStep{
			Config: with("8MiB"), ConfigPlanChecks: grow("16M"),
			ExpectError: acctest.Message(`Image vms/grown on cluster "east" is not resized to 8MiB. Nothing was changed. It has 16MiB now,` +
				` which is more than the plan knew of.`),
		},
		resource.TestStep{PreConfig: kept("16777216"), Config: with("16MiB")},
		resource.TestStep{
			Config: with("12MiB"), ConfigPlanChecks: grow("32M"),
			ExpectError: acctest.Message(`Image vms/grown on cluster "east" is not resized to 12MiB. Nothing was changed. It has 32MiB now,` +
				` which is more than the plan knew of.`),
		},
		resource.TestStep{PreConfig: kept("33554432"), Config: with("12MiB"), Check: acctest.Check(t, "grown", field("size"), "12582912")},
	)
}

func TestAccCephRBDImage_features(t *testing.T) {
	with := func(features string) string { return image("featured", small, "features = ["+features+"]") }
	run(t, "featured",
		resource.TestStep{Config: with(`"layering", "exclusive-lock", "deep-flatten"`)},
		resource.TestStep{
			Config: with(`"layering", "exclusive-lock", "journaling"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: acctest.Check(t, "featured", features, "exclusive-lock journaling layering"),
		},
		resource.TestStep{
			Config: with(`"layering"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: acctest.Check(t, "featured", features, "layering"),
		},
		// librbd can't switch these features of an existing image.
		resource.TestStep{
			Config: with(`"layering", "deep-flatten"`), ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
			Check: acctest.Check(t, "featured", features, "deep-flatten layering"),
		},
		resource.TestStep{
			Config: with(`"exclusive-lock"`), ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
			Check: acctest.Check(t, "featured", features, "exclusive-lock"),
		},
	)
}

// An empty set of features means none, not the library's default.
func TestAccCephRBDImage_withoutFeatures(t *testing.T) {
	run(t, "plain",
		resource.TestStep{Config: image("plain", small, "features = []"), Check: acctest.Check(t, "plain", features, "")},
		resource.TestStep{
			Config: image("plain", small, `features = ["exclusive-lock"]`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: acctest.Check(t, "plain", features, "exclusive-lock"),
		},
		resource.TestStep{
			Config: image("plain", small, "features = []"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: acctest.Check(t, "plain", features, ""),
		},
	)
}

// Where the objects are not of the usual 4 MiB, the stripe unit is the object size.
func TestAccCephRBDImage_stripedByObjectSize(t *testing.T) {
	striped := []string{small, `stripe_unit = "8MiB"`, "stripe_count = 2"}
	run(t, "wide",
		resource.TestStep{Config: image("wide", append(striped, `object_size = "8MiB"`)...)},
		resource.TestStep{Config: image("wide", striped...), PlanOnly: true},
	)
}

// Metadata keys that the configuration does not name are left alone.
func TestAccCephRBDImage_unmanagedMetadata(t *testing.T) {
	all := func(t *testing.T, name string) string { return fmt.Sprint(metadata(t, name)) }
	run(t, "told",
		resource.TestStep{Config: image("told", small, `metadata = { a = "1", b = "2" }`, `config = { rbd_cache = "false" }`)},
		resource.TestStep{
			PreConfig: func() {
				rbd(t, "image-meta", "set", "vms/told", "theirs", "kept")
				rbd(t, "config", "image", "set", "vms/told", "rbd_qos_bps_limit", "1000")
			},
			Config: image("told", small, `metadata = { a = "1", b = "2" }`, `config = { rbd_cache = "false" }`), PlanOnly: true,
		},
		resource.TestStep{
			Config: image("told", small, `metadata = { a = "3" }`),
			Check:  acctest.Check(t, "told", all, "map[a:3 conf_rbd_qos_bps_limit:1000 theirs:kept]"),
		},
	)
}

func TestAccCephRBDImage_existsAlready(t *testing.T) {
	pools(t)
	rbd(t, "create", "--size", "1M", "vms/old")
	before := fmt.Sprint(info(t, "old"))
	run(t, "nothing", resource.TestStep{
		Config: image("old", small, `metadata = { owner = "somebody" }`),
		ExpectError: acctest.Message(`Unable to create image vms/old in cluster "east". An image of this name exists already. It was left as it` +
			` is. To manage that image, import it: terraform import ceph_rbd_image.NAME east/vms/old.`),
	})
	if after := fmt.Sprint(info(t, "old")); after != before || len(metadata(t, "old")) != 0 {
		t.Errorf("the image was %s and is %s", before, after)
	}
	rbd(t, "rm", "--no-progress", "vms/old")
}

func TestAccCephRBDImage_deleteRefusedUnlessEmpty(t *testing.T) {
	config := image("full", small)
	refused := func(prepare func(), words string) resource.TestStep {
		return resource.TestStep{
			PreConfig: prepare, Config: config, Destroy: true,
			ExpectError: acctest.Message(`Image vms/full on cluster "east" can't be deleted. What it holds: ` + words),
		}
	}
	run(t, "full",
		resource.TestStep{Config: config},
		refused(func() { fill(t, "east", "vms/full") }, `data. Nothing brings it back. Where it is no longer needed, set`+
			` force_destroy = true, apply`),
		// A replacement deletes the image, and is refused before anything changes.
		resource.TestStep{
			Config:      image("full", small, `object_size = "1MiB"`),
			ExpectError: acctest.MessageAt("object_size", `Image vms/full on cluster "east" can't be replaced. What it holds: data.`),
		},
		resource.TestStep{
			Config:      strings.Replace(config, `pool = "vms"`, `pool = "images"`, 1),
			ExpectError: acctest.MessageAt("pool", `Image vms/full on cluster "east" can't be replaced. What it holds: data.`),
		},
		refused(func() { rbd(t, "snap", "create", "--no-progress", "vms/full@before") }, `data; 1 snapshots (before).`),
		refused(func() {
			rbd(t, "snap", "protect", "vms/full@before")
			rbd(t, "clone", "vms/full@before", "vms/child")
		}, `data; 1 snapshots (before); it has clones: vms/child of its snapshot before.`),
		resource.TestStep{Config: image("full", small, "force_destroy = true"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate)},
		// The clone is another image with its own data.
		resource.TestStep{
			Config: image("full", small, "force_destroy = true"), Destroy: true,
			ExpectError: acctest.Message(`Unable to delete image vms/full of cluster "east". It has clones: vms/child of its snapshot before.` +
				` Nothing was removed. force_destroy does not override this. Flatten the clones (rbd flatten CLONE) or remove them`),
		},
		resource.TestStep{
			PreConfig: func() { rbd(t, "rm", "--no-progress", "vms/child") },
			Config:    image("full", small, "force_destroy = true"), PlanOnly: true,
		},
	)
	for _, mark := range []acctest.Mark{acctest.Set, acctest.Changed} {
		acctest.Record(t, imageType, "force_destroy", mark)
	}
	run(t, "full",
		resource.TestStep{Config: image("full", small, "force_destroy = true")},
		resource.TestStep{Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate)},
		refused(func() { fill(t, "east", "vms/full") }, "data."),
		resource.TestStep{Config: image("full", small, "force_destroy = true")},
	)
	acctest.Record(t, imageType, "force_destroy", acctest.Cleared)
}

func TestAccCephRBDImage_erasureCodedDataPool(t *testing.T) {
	pools(t)
	west := func(args ...string) { acctest.Ceph(t, "west", args...) }
	west("osd", "erasure-code-profile", "set", "k2m1", "k=2", "m=1", "crush-failure-domain=osd")
	west("osd", "pool", "create", "coded", "8", "8", "erasure", "k2m1")
	config := strings.Replace(image("archived", `size = "16MiB"`, `data_pool = "coded"`), `cluster = "east"`, `cluster = "west"`, 1)
	run(t, "archived",
		resource.TestStep{
			Config:      config,
			ExpectError: acctest.Message(`Unable to create image vms/archived in cluster "west".`),
		},
		resource.TestStep{
			PreConfig: func() { west("osd", "pool", "set", "coded", "allow_ec_overwrites", "true") },
			Config:    config,
			Check:     resource.TestCheckResourceAttr(address, "data_pool", "coded"),
		},
		// The data pool holds the data, and the deletion finds it there.
		resource.TestStep{
			PreConfig: func() { fill(t, "west", "vms/archived") },
			Config:    config, Destroy: true,
			ExpectError: acctest.Message(`Image vms/archived on cluster "west" can't be deleted. What it holds: data.`),
		},
		resource.TestStep{Config: strings.Replace(config, "size", "force_destroy = true\n  size", 1)},
	)
}

func TestAccCephRBDImage_deadCluster(t *testing.T) {
	pools(t)
	cluster := acctest.Bed(t).Cluster("west")
	config := func(size string) string {
		timeouts := `timeouts = { create = "60s", read = "15s", update = "60s", delete = "60s" }`
		return strings.Replace(image("waiting", fmt.Sprintf("size = %q", size), timeouts), `cluster = "east"`, `cluster = "west"`, 1)
	}
	begin, end := acctest.Outage(t, "west", cluster.PauseMonitors, cluster.ResumeMonitors)
	inTime := acctest.Message(`Cluster "west" did not answer in time.`)
	run(t, "waiting",
		resource.TestStep{Config: config("4MiB")},
		resource.TestStep{PreConfig: begin, Config: config("8MiB"), ExpectError: inTime},
		resource.TestStep{Config: config("4MiB"), Destroy: true, ExpectError: inTime},
		resource.TestStep{PreConfig: end, Config: config("4MiB"), PlanOnly: true},
	)
	acctest.Record(t, imageType, "timeouts", acctest.Set)
}
