//go:build cgo

package cephrbdimage_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// golden is what the template of these tests begins with.
const golden = "the template's first line"

// template makes an image images/golden of 8 MiB by hand, with a snapshot @base, which is protected, and removes it after the test.
func template(t *testing.T) {
	t.Helper()
	pools(t)
	content := filepath.Join(t.TempDir(), "golden")
	if err := os.WriteFile(content, append([]byte(golden), make([]byte, 8<<20-len(golden))...), 0o600); err != nil {
		t.Fatal(err)
	}
	rbd(t, "import", "--no-progress", content, "images/golden")
	rbd(t, "snap", "create", "--no-progress", "images/golden@base")
	rbd(t, "snap", "protect", "images/golden@base")
	t.Cleanup(func() {
		if strings.Contains(rbd(t, "ls", "images"), "golden") {
			removeTemplate(t, "images/golden", "base")
		}
	})
}

func removeTemplate(t *testing.T, image, snapshot string) {
	t.Helper()
	if strings.Contains(rbd(t, "info", image+"@"+snapshot), "protected: True") {
		rbd(t, "snap", "unprotect", image+"@"+snapshot)
	}
	rbd(t, "snap", "purge", "--no-progress", image)
	rbd(t, "rm", "--no-progress", image)
}

// parentOf is an assignment of parent with these names, and perhaps more.
func parentOf(pool, image, snapshot string, more ...string) string {
	return fmt.Sprintf("parent = {\n    pool = %q\n    image = %q\n    snapshot = %q\n    %s\n  }", pool, image, snapshot,
		strings.Join(more, "\n    "))
}

// base is the template's snapshot as a parent.
func base(more ...string) string { return parentOf("images", "golden", "base", more...) }

// parentSeen is a second view: the parent by rbd info, such as images/golden@base; empty for an image that is no clone.
func parentSeen(t *testing.T, name string) string {
	parent, _ := info(t, name)["parent"].(map[string]any)
	if parent == nil {
		return ""
	}
	return fmt.Sprintf("%v/%v@%v", parent["pool"], parent["image"], parent["snapshot"])
}

// beginsAs is a second view: what the image begins with, as rbd export shows it, as far as the template goes.
func beginsAs(t *testing.T, name string) string {
	return strings.TrimRight(rbd(t, "export", "--no-progress", "vms/"+name, "-")[:len(golden)], "\x00")
}

func seen(t *testing.T, name, parent, size string) resource.TestCheckFunc {
	return resource.ComposeAggregateTestCheckFunc(
		acctest.Check(t, name, parentSeen, parent), acctest.Check(t, name, beginsAs, golden), acctest.Check(t, name, field("size"), size))
}

const (
	eightMiB = "8388608"
	inParent = "images/golden@base"
)

var nothingPlanned = resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}

// A clone has its parent's data and size at once, takes a size of its own, and becomes an image of its own in place.
func TestAccCephRBDImage_parent(t *testing.T) {
	template(t)
	run(t, "clone",
		resource.TestStep{
			Config: image("clone", small, base()), PlanOnly: true,
			ExpectError: acctest.MessageAt("size", `The parent images/golden@base on cluster "east" has 8MiB, and the configuration asks for 4MiB.`+
				` What is beyond would be cut off.`),
		},
		resource.TestStep{Config: image("clone", base()), Check: resource.ComposeAggregateTestCheckFunc(
			seen(t, "clone", inParent, eightMiB),
			resource.TestCheckResourceAttr(address, "size", "8MiB"),
			resource.TestCheckResourceAttr(address, "size_bytes", eightMiB),
			resource.TestCheckNoResourceAttr(address, "parent.flatten"),
		)},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: "east/vms/clone",
			GenerateConfig: true,
		},
		resource.TestStep{
			Config: image("clone", base(), `size = "12MiB"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: seen(t, "clone", inParent, "12582912"),
		},
		resource.TestStep{
			Config: image("clone", base("flatten = true"), `size = "12MiB"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: seen(t, "clone", "", "12582912"),
		},
		// What was recorded stays, whatever flatten says now, and is taken out without touching the image.
		resource.TestStep{Config: image("clone", base("flatten = true"), `size = "12MiB"`), ConfigPlanChecks: nothingPlanned},
		resource.TestStep{
			PreConfig: func() { removeTemplate(t, "images/golden", "base") },
			Config:    image("clone", base(), `size = "12MiB"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
		},
		resource.TestStep{
			Config: image("clone", `size = "12MiB"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeAggregateTestCheckFunc(
				seen(t, "clone", "", "12582912"), resource.TestCheckNoResourceAttr(address, "parent.pool")),
		},
		// With flatten a parent is recorded of an image that has none, and without it that is refused.
		resource.TestStep{
			Config: image("clone", base(), `size = "12MiB"`),
			ExpectError: acctest.MessageAt("parent", `Image vms/clone on cluster "east" has another parent than images/golden@base, or none. An`+
				` image gets its parent when it is made.`),
		},
		resource.TestStep{
			Config:           image("clone", base("flatten = true"), `size = "12MiB"`, "force_destroy = true"),
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeAggregateTestCheckFunc(
				seen(t, "clone", "", "12582912"), resource.TestCheckResourceAttr(address, "parent.image", "golden")),
		},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: "east/vms/clone", ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{
				"force_destroy", "parent.%", "parent.pool", "parent.image", "parent.snapshot", "parent.flatten",
			},
		},
	)
}

// All that a new clone can be given is given to it: size, layout, features, metadata, and the data itself.
func TestAccCephRBDImage_parentWithEverything(t *testing.T) {
	template(t)
	run(t, "whole",
		resource.TestStep{
			Config: image("whole", base("flatten = true"), `size = "16MiB"`, `object_size = "1MiB"`, `stripe_unit = "64KiB"`, "stripe_count = 4",
				`data_pool = "data"`, `features = ["layering", "exclusive-lock"]`, `metadata = { owner = "somebody" }`,
				`config = { rbd_cache = "false" }`, "force_destroy = true"),
			Check: resource.ComposeAggregateTestCheckFunc(
				seen(t, "whole", "", "16777216"), acctest.Check(t, "whole", field("object_size"), "1048576"),
				acctest.Check(t, "whole", field("stripe_count"), "4"), acctest.Check(t, "whole", field("data_pool"), "data"),
				acctest.Check(t, "whole", features, "exclusive-lock layering"),
				acctest.Check(t, "whole", func(t *testing.T, name string) string { return fmt.Sprint(metadata(t, name)) },
					"map[conf_rbd_cache:false owner:somebody]"),
			),
		},
	)
	run(t, "cut",
		resource.TestStep{
			Config: image("cut", base(), small, "allow_shrink = true"), Check: seen(t, "cut", inParent, "4194304"),
		},
	)
	run(t, "tenant/spaced",
		resource.TestStep{
			PreConfig: func() {
				rbd(t, "create", "--size", "1M", "vms/tenant/golden")
				rbd(t, "snap", "create", "--no-progress", "vms/tenant/golden@base")
				rbd(t, "snap", "protect", "vms/tenant/golden@base")
			},
			Config: image("spaced", parentOf("vms", "golden", "base", `namespace = "tenant"`), `namespace = "tenant"`),
			Check: acctest.Check(t, "tenant/spaced", func(t *testing.T, name string) string {
				parent, _ := info(t, name)["parent"].(map[string]any)
				return fmt.Sprintf("%v/%v/%v@%v", parent["pool"], parent["pool_namespace"], parent["image"], parent["snapshot"])
			}, "vms/tenant/golden@base"),
		},
		// A clone of format 1 does not leave the namespace of its parent.
		resource.TestStep{
			Config: image("spaced", parentOf("vms", "golden", "base", `namespace = "tenant"`), `namespace = "tenant"`) +
				strings.Replace(image("elsewhere", parentOf("vms", "golden", "base", `namespace = "tenant"`)), `"test"`, `"other"`, 1),
			ExpectError: acctest.Message(`Unable to create image vms/elsewhere in cluster "east". A clone of format 1 has to be in the namespace` +
				` of its parent.`),
		},
	)
	removeTemplate(t, "vms/tenant/golden", "base")
}

// What an image was made from is kept by what it is: under another name it is the same, and another under its name is another.
func TestAccCephRBDImage_parentRenamed(t *testing.T) {
	template(t)
	again := func() {
		rbd(t, "create", "--size", "1M", "images/golden")
		rbd(t, "snap", "create", "--no-progress", "images/golden@base")
	}
	run(t, "clone",
		resource.TestStep{Config: image("clone", base())},
		resource.TestStep{
			PreConfig: func() {
				rbd(t, "snap", "rename", inParent, "images/golden@first")
				rbd(t, "rename", "images/golden", "images/old")
			},
			Config: image("clone", base()), ConfigPlanChecks: nothingPlanned,
		},
		// A new template under the names of the old one changes nothing of what was made before.
		resource.TestStep{PreConfig: again, Config: image("clone", base()), ConfigPlanChecks: nothingPlanned},
		resource.TestStep{
			Config: image("clone", parentOf("images", "old", "first")), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeAggregateTestCheckFunc(
				seen(t, "clone", "images/old@first", eightMiB), resource.TestCheckResourceAttr(address, "parent.snapshot", "first")),
		},
		resource.TestStep{
			Config: image("clone", base()),
			ExpectError: acctest.MessageAt("parent", `Image vms/clone on cluster "east" was made from images/old@first, and the configuration names`+
				` images/golden@base, which is another snapshot, or does not exist.`),
		},
		resource.TestStep{
			Config: image("clone"),
			ExpectError: acctest.Message(`Image vms/clone on cluster "east" is a clone of images/old@first, and the configuration names no parent` +
				` any more.`),
		},
		// Only force_destroy has it made anew.
		resource.TestStep{Config: image("clone", parentOf("images", "old", "first"), "force_destroy = true")},
		resource.TestStep{
			Config: image("clone", base(), "force_destroy = true"), ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
			ExpectError: acctest.Message(`Unable to create image vms/clone in cluster "east". The snapshot images/golden@base is not protected,` +
				` and this cluster makes clones of format 1, which need that. Protect the snapshot: protected = true of its ceph_rbd_snapshot.`),
		},
		resource.TestStep{
			PreConfig: func() { rbd(t, "snap", "protect", inParent) },
			Config:    image("clone", base(), "force_destroy = true"),
			Check: resource.ComposeAggregateTestCheckFunc(
				acctest.Check(t, "clone", parentSeen, inParent), acctest.Check(t, "clone", field("size"), "1048576")),
		},
	)
	removeTemplate(t, "images/old", "first")
}

// Pool, image and snapshot of the template get other names in the apply that changes nothing of its clone.
func TestAccCephRBDImage_parentRenamedByTerraform(t *testing.T) {
	pools(t)
	config := func(pool, template, snapshot string) string {
		return "resource \"ceph_pool\" \"test\" {\n  cluster = \"east\"\n  name = \"" + pool + "\"\n  applications = [\"rbd\"]\n}\n" +
			"resource \"ceph_rbd_image\" \"template\" {\n  cluster = \"east\"\n  pool = ceph_pool.test.name\n  name = \"" + template +
			"\"\n  size = \"1MiB\"\n}\nresource \"ceph_rbd_snapshot\" \"test\" {\n  cluster = \"east\"\n  pool = ceph_rbd_image.template.pool\n" +
			"  image = ceph_rbd_image.template.name\n  name = \"" + snapshot + "\"\n  protected = true\n}\n" +
			image("clone", "parent = {\n    pool = ceph_rbd_snapshot.test.pool\n    image = ceph_rbd_snapshot.test.image\n"+
				"    snapshot = ceph_rbd_snapshot.test.name\n  }")
	}
	id := ""
	same := func(parent string) resource.TestCheckFunc {
		return resource.ComposeAggregateTestCheckFunc(acctest.Check(t, "clone", parentSeen, parent), func(*terraform.State) error {
			if got := field("id")(t, "clone"); got != id {
				return fmt.Errorf("the image had the id %s and has %s", id, got)
			}
			return nil
		})
	}
	step := func(pool, template, snapshot string) resource.TestStep {
		return resource.TestStep{
			Config: config(pool, template, snapshot), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: same(fmt.Sprintf("%s/%s@%s", pool, template, snapshot)),
		}
	}
	run(t, "clone",
		resource.TestStep{
			Config: config("templates", "golden", "base"),
			Check:  func(*terraform.State) error { id = field("id")(t, "clone"); return nil },
		},
		step("templates", "golden", "second"),
		step("templates", "debian", "second"),
		step("moulds", "debian", "second"),
		step("templates", "golden", "base"),
	)
}

// The same where nobody manages the snapshot, and only its image or its pool gets another name.
func TestAccCephRBDImage_parentOfUnmanagedSnapshot(t *testing.T) {
	pools(t)
	config := func(pool, template, clone string) string {
		return "resource \"ceph_pool\" \"test\" {\n  cluster = \"east\"\n  name = \"" + pool + "\"\n  applications = [\"rbd\"]\n}\n" +
			"resource \"ceph_rbd_image\" \"template\" {\n  cluster = \"east\"\n  pool = ceph_pool.test.name\n  name = \"" + template +
			"\"\n  size = \"1MiB\"\n  force_destroy = true\n}\n" + clone
	}
	clone := image("clone", "parent = {\n    pool = ceph_rbd_image.template.pool\n    image = ceph_rbd_image.template.name\n"+
		"    snapshot = \"base\"\n  }")
	step := func(pool, template string) resource.TestStep {
		return resource.TestStep{
			Config: config(pool, template, clone), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: acctest.Check(t, "clone", parentSeen, fmt.Sprintf("%s/%s@base", pool, template)),
		}
	}
	run(t, "clone",
		resource.TestStep{Config: config("templates", "golden", "")},
		resource.TestStep{
			PreConfig: func() {
				rbd(t, "snap", "create", "--no-progress", "templates/golden@base")
				rbd(t, "snap", "protect", "templates/golden@base")
			},
			Config: config("templates", "golden", clone),
		},
		step("templates", "debian"),
		step("moulds", "debian"),
		step("templates", "golden"),
	)
}

// Flattened by hand, or its parent moved to the trash, the clone is what it was.
func TestAccCephRBDImage_parentChangedByHand(t *testing.T) {
	template(t)
	run(t, "clone",
		resource.TestStep{Config: image("clone", base()), Check: seen(t, "clone", inParent, eightMiB)},
		resource.TestStep{
			PreConfig: func() { rbd(t, "trash", "mv", "images/golden") },
			Config:    image("clone", base()), ConfigPlanChecks: nothingPlanned,
		},
		resource.TestStep{
			Config: image("clone", base()) +
				"data \"ceph_rbd_image\" \"test\" {\n  cluster = \"east\"\n  pool = \"vms\"\n  name = ceph_rbd_image.test.name\n}\n",
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr("data."+address, "parent.pool", "images"),
				resource.TestCheckNoResourceAttr("data."+address, "parent.namespace"),
				resource.TestCheckResourceAttr("data."+address, "parent.image", "golden"),
				resource.TestCheckResourceAttr("data."+address, "parent.snapshot", "base"),
			),
		},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: "east/vms/clone", ImportStateVerify: true,
		},
		resource.TestStep{
			PreConfig: func() {
				rbd(t, "trash", "restore", "--pool", "images", trash(t, "images", "golden")[0].ID)
				rbd(t, "flatten", "--no-progress", "vms/clone")
			},
			Config: image("clone", base(), "force_destroy = true"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: seen(t, "clone", "", eightMiB),
		},
		resource.TestStep{Config: image("clone", base(), "force_destroy = true"), ConfigPlanChecks: nothingPlanned},
	)
}

// A clone that is managed without its parent, as by every release before there was the argument, stays so, and its parent is recorded
// where the configuration names it.
func TestAccCephRBDImage_cloneWithoutParent(t *testing.T) {
	template(t)
	run(t, "clone",
		resource.TestStep{Config: image("clone", `size = "8MiB"`)},
		resource.TestStep{
			// The same image by name, size and metadata is taken for the former one: only so a state without parent has a clone.
			PreConfig: func() {
				rbd(t, "rm", "--no-progress", "vms/clone")
				rbd(t, "clone", inParent, "vms/clone")
			},
			Config: image("clone", `size = "8MiB"`), ConfigPlanChecks: nothingPlanned,
			Check: seen(t, "clone", inParent, eightMiB),
		},
		resource.TestStep{
			Config: image("clone", `size = "8MiB"`, base()), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeAggregateTestCheckFunc(
				seen(t, "clone", inParent, eightMiB), resource.TestCheckResourceAttr(address, "parent.image", "golden")),
		},
	)
}

// What can't be a clone is refused, and a clone that a client has open is given its parent's data.
func TestAccCephRBDImage_parentRefused(t *testing.T) {
	template(t)
	refused := func(words string, assignments ...string) resource.TestStep {
		return resource.TestStep{Config: image("clone", assignments...), ExpectError: acctest.Message(words)}
	}
	var closeImage func()
	run(t, "clone",
		refused(`Image images/golden of cluster "east" has no snapshot "nothing".`, parentOf("images", "golden", "nothing")),
		refused(`Cluster "east" has no image images/nothing.`, parentOf("images", "nothing", "base")),
		refused(`Cluster "east" has no pool "nowhere".`, parentOf("nowhere", "golden", "base")),
		refused(`An image with a parent needs the feature "layering".`, base(), `features = ["exclusive-lock"]`),
		refused(`must be a snapshot's name`, parentOf("images", "golden", "a@b")),
		resource.TestStep{Config: image("clone", base(), "force_destroy = true")},
		resource.TestStep{
			PreConfig: func() { closeImage = acctest.OpenImage(t, "east", "admin", "vms/clone") },
			Config:    image("clone", base("flatten = true"), "force_destroy = true"),
			Check: func(*terraform.State) error {
				closeImage()
				return seen(t, "clone", "", eightMiB)(nil)
			},
		},
	)
}
