//go:build cgo

package cephrbdimage_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// trashed is an image in the trash, as rbd shows it.
type trashed struct{ ID, Name, Status string }

// trash is a second view: the images of a name in the trash of a pool or a namespace.
func trash(t *testing.T, place, name string) (found []trashed) {
	t.Helper()
	if err := json.Unmarshal([]byte(rbd(t, "trash", "ls", "--long", "--format", "json", place)), &found); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(found, func(image trashed) bool { return image.Name != name })
}

// An image with data and a snapshot is moved to the trash and kept there as long as is asked for, comes back with all of it, and is adopted
// again.
func TestAccCephRBDImage_trash(t *testing.T) {
	pools(t)
	id := ""
	config := func(trash string) string { return image("kept", small, trash) }
	marked := func(marks ...acctest.Mark) {
		for _, mark := range marks {
			acctest.Record(t, imageType, "trash", mark)
		}
	}
	run(t, "kept",
		resource.TestStep{Config: config(`trash = { delay = "1h" }`)},
		resource.TestStep{
			Config: config(`trash = { delay = "48h" }`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: func(*terraform.State) error {
				fill(t, "east", "vms/kept")
				rbd(t, "snap", "create", "--no-progress", "vms/kept@before")
				id = field("id")(t, "kept")
				return nil
			},
		},
		// Not even then is what holds data replaced.
		resource.TestStep{
			Config:      image("kept", small, `trash = { delay = "48h" }`, `object_size = "1MiB"`),
			ExpectError: acctest.MessageAt("object_size", `Image vms/kept on cluster "east" can't be replaced. What it holds: data; 1 snapshots`),
		},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: "east/vms/kept", ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"trash"},
		},
	)
	marked(acctest.Set, acctest.Changed)
	found := trash(t, "vms", "kept")
	if len(found) != 1 || found[0].ID != id || !strings.HasPrefix(found[0].Status, "protected until") {
		t.Fatalf("the trash has %+v, want the image with the id %s", found, id)
	}
	until, err := time.ParseInLocation(time.ANSIC, strings.TrimPrefix(found[0].Status, "protected until "), time.Local)
	if left := time.Until(until); err != nil || left < 47*time.Hour || left > 49*time.Hour {
		t.Errorf("it is %s (%s left), want 48 hours; %v", found[0].Status, left, err)
	}
	run(t, "kept",
		resource.TestStep{
			PreConfig: func() { rbd(t, "trash", "restore", "--pool", "vms", id) },
			Config:    "import {\n  to = ceph_rbd_image.test\n  id = \"east/vms/kept\"\n}\n" + config("trash = {}"),
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(address, "image_id", id),
				acctest.Check(t, "kept", func(t *testing.T, name string) string {
					return strings.Fields(strings.Split(rbd(t, "snap", "ls", "vms/"+name), "\n")[1])[1]
				}, "before"),
			),
		},
	)
	if found := trash(t, "vms", "kept"); len(found) != 1 || found[0].Status != "expired" && strings.HasPrefix(found[0].Status, "protected") {
		t.Errorf("without a delay the trash has %+v", found)
	}
	rbd(t, "trash", "restore", "--pool", "vms", id)
	// Without trash it is deleted for good, and what it holds refuses that.
	run(t, "kept",
		resource.TestStep{Config: "import {\n  to = ceph_rbd_image.test\n  id = \"east/vms/kept\"\n}\n" + config("trash = {}")},
		resource.TestStep{Config: config(""), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate)},
		resource.TestStep{
			Config: config(""), Destroy: true,
			ExpectError: acctest.Message(`Image vms/kept on cluster "east" can't be deleted. What it holds: data; 1 snapshots (before).`),
		},
		resource.TestStep{Config: config("force_destroy = true")},
	)
	marked(acctest.Cleared)
	if found := trash(t, "vms", "kept"); len(found) > 0 {
		t.Errorf("the trash has %+v", found)
	}
}

// Clones go on reading what is in the trash, in either format, and what holds an image otherwise keeps it from the trash too.
func TestAccCephRBDImage_trashRefused(t *testing.T) {
	template(t)
	config := func(more ...string) string {
		return strings.Replace(image("golden", append(more, `size = "8MiB"`, "trash = {}")...), `"vms"`, `"images"`, 1)
	}
	// For so long the provider waits for another client to close the image.
	refusedSoon := config(`timeouts = { delete = "20s" }`)
	var closeImage func()
	refused := func(prepare func(), words string) resource.TestStep {
		return resource.TestStep{
			PreConfig: prepare, Config: refusedSoon, Destroy: true,
			ExpectError: acctest.Message(`Unable to move image images/golden of cluster "east" to the trash. ` + words),
		}
	}
	for _, format := range []string{"1", "2"} {
		rbd(t, "clone", "--rbd-default-clone-format", format, inParent, "vms/clone"+format)
	}
	run(t, "golden",
		resource.TestStep{Config: "import {\n  to = ceph_rbd_image.test\n  id = \"east/images/golden\"\n}\n" + refusedSoon},
		refused(func() { closeImage = acctest.OpenImage(t, "east", "admin", "images/golden") }, `It is in use by client.admin at 127.0.0.1`),
		refused(func() {
			closeImage()
			rbd(t, "group", "create", "images/together")
			rbd(t, "group", "image", "add", "images/together", "images/golden")
		}, `It is in the group images/together. It was left where it is.`),
		refused(func() {
			rbd(t, "group", "rm", "images/together")
			rbd(t, "lock", "add", "images/golden", "mine")
		}, `Client`),
		resource.TestStep{
			PreConfig: func() {
				for line := range strings.Lines(rbd(t, "lock", "ls", "images/golden")) {
					if fields := strings.Fields(line); len(fields) > 2 && fields[1] == "mine" {
						rbd(t, "lock", "rm", "images/golden", "mine", fields[0])
					}
				}
			},
			Config: config(),
		},
	)
	if images := images(t, "images"); slices.Contains(images, "golden") {
		t.Errorf("the pool still has %v", images)
	}
	found := trash(t, "images", "golden")
	if len(found) != 1 {
		t.Fatalf("the trash has %+v", found)
	}
	for _, clone := range []string{"clone1", "clone2"} {
		if got := beginsAs(t, clone); got != golden {
			t.Errorf("%s begins with %q", clone, got)
		}
		rbd(t, "rm", "--no-progress", "vms/"+clone)
	}
	rbd(t, "trash", "restore", "--pool", "images", found[0].ID)
	for name, test := range map[string][2]string{
		"no duration": {`trash = { delay = "a while" }`, `"a while" is not a positive duration`},
		"negative":    {`trash = { delay = "-1h" }`, `"-1h" is not a positive duration`},
		"too fine":    {`trash = { delay = "1500ms" }`, `"1500ms" is not a whole number of seconds`},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, "nothing", resource.TestStep{Config: image("nothing", small, test[0]), ExpectError: acctest.Message(test[1])})
		})
	}
	run(t, "tenant/spaced", resource.TestStep{Config: image("spaced", small, `namespace = "tenant"`, `trash = { delay = "0s" }`)})
	found = trash(t, "vms/tenant", "spaced")
	if len(found) != 1 {
		t.Fatalf("the trash of the namespace has %v", found)
	}
	rbd(t, "trash", "rm", "--no-progress", fmt.Sprintf("vms/tenant/%s", found[0].ID))
}
