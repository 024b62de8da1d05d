//go:build cgo

package cephrbdimage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// block is an image whose configuration has only these assignments.
func block(name, assignments string) string {
	for argument, assignment := range map[string]string{
		"cluster": `cluster = "east"`, "pool": `pool = "vms"`, "name": fmt.Sprintf("name = %q", name), "size": small,
	} {
		if !strings.Contains(assignments, "\n  "+argument+" = ") {
			assignments += "\n  " + assignment
		}
	}
	return "resource \"ceph_rbd_image\" \"test\" {\n" + assignments + "\n}\n"
}

func TestAccCephRBDImage_attributes(t *testing.T) {
	pools(t)
	described := acctest.Resource{
		Type: imageType, Config: block, NotImported: []string{"allow_shrink", "force_destroy"},
		ImportID: func(name string) string { return "east/vms/" + name },
	}
	key := func(key string) func(*testing.T, string) string {
		return func(t *testing.T, name string) string { return metadata(t, name)[key] }
	}
	acctest.RunTogether(t, described, "settings", []acctest.Attribute{
		{
			Name: "features", First: `["layering", "exclusive-lock"]`, Second: `["layering", "exclusive-lock", "object-map", "fast-diff"]`,
			View: features, SeenFirst: "exclusive-lock layering", SeenSecond: "exclusive-lock fast-diff layering object-map",
			Stays: true,
			Drift: func(t *testing.T, name string) { rbd(t, "feature", "disable", "vms/"+name, "exclusive-lock") },
		},
		{
			Name: "metadata", First: `{ owner = "one" }`, Second: `{ owner = "two" }`, View: key("owner"),
			SeenFirst: "one", SeenSecond: "two", SeenRemoved: "",
			Drift: func(t *testing.T, name string) { rbd(t, "image-meta", "set", "vms/"+name, "owner", "thief") },
		},
		{
			Name: "config", First: `{ rbd_qos_iops_limit = "100" }`, Second: `{ rbd_qos_iops_limit = "200" }`,
			View: key("conf_rbd_qos_iops_limit"), SeenFirst: "100", SeenSecond: "200", SeenRemoved: "",
			Drift: func(t *testing.T, name string) {
				rbd(t, "config", "image", "set", "vms/"+name, "rbd_qos_iops_limit", "5")
			},
		},
	})
	acctest.RunTogether(t, described, "layout", []acctest.Attribute{
		{
			Name: "object_size", First: `"1MiB"`, Second: `"2048K"`, Replaces: true, View: field("object_size"),
			SeenFirst: "1048576", SeenSecond: "2097152", Stays: true,
		},
		{
			Name: "stripe_unit", First: `"64KiB"`, Second: `"128KiB"`, Replaces: true, View: field("stripe_unit"),
			SeenFirst: "65536", SeenSecond: "131072", Stays: true,
		},
		{
			Name: "stripe_count", First: "2", Second: "4", Replaces: true, View: field("stripe_count"),
			SeenFirst: "2", SeenSecond: "4", Stays: true,
		},
		{
			Name: "data_pool", First: `"data"`, Second: `"archive"`, Replaces: true, View: field("data_pool"),
			SeenFirst: "data", SeenSecond: "archive", Stays: true,
		},
	})

	sized := described
	sized.Config = func(name, assignments string) string {
		return strings.Replace(block(name, assignments), "\n  "+small, "", 1)
	}
	acctest.RunTogether(t, sized, "size", []acctest.Attribute{{
		Name: "size", First: `"6MiB"`, Second: `"8192K"`, View: field("size"),
		SeenFirst: "6291456", SeenSecond: "8388608", Stays: true,
		Drift: func(t *testing.T, name string) {
			rbd(t, "resize", "--no-progress", "--size", "2M", "--allow-shrink", "vms/"+name)
		},
	}})

	template(t)
	cloned := described
	cloned.Config = func(name, assignments string) string {
		return strings.Replace(block(name, assignments), small, "size = \"8MiB\"\n  force_destroy = true", 1)
	}
	parent := acctest.Attribute{
		Name: "parent", First: `{ pool = "images", image = "golden", snapshot = "base" }`, View: parentSeen, SeenFirst: inParent,
	}
	acctest.RunTogether(t, cloned, "parent", []acctest.Attribute{parent})
	// A flattened image is no clone again, so its parent can't be removed from what First gives. It is an image as others are.
	parent.Second, parent.Stays = `{ pool = "images", image = "golden", snapshot = "base", flatten = true }`, true
	acctest.RunTogether(t, cloned, "flattened", []acctest.Attribute{parent})

	acctest.RunTogether(t, described, "name", []acctest.Attribute{{
		Name: "name", First: `"a-name"`, Second: `"a-name-new"`, Required: true,
		View:      func(t *testing.T, _ string) string { return strings.Join(images(t, "vms"), " ") },
		SeenFirst: "a-name", SeenSecond: "a-name-new",
		Drift: func(t *testing.T, name string) { rbd(t, "rename", "vms/"+name, "vms/by-hand") },
	}})

	// where is a second view: the places that hold an image of the name.
	where := func(t *testing.T, name string) string {
		var found []string
		for _, place := range []string{"vms", "images", "vms/tenant", "vms/other"} {
			if slices.Contains(images(t, place), name) {
				found = append(found, place)
			}
		}
		if slices.Contains(strings.Fields(acctest.RBD(t, "west", "ls", "vms")), name) {
			found = append(found, "west")
		}
		return strings.Join(found, " ")
	}
	acctest.RunTogether(t, described, "pool", []acctest.Attribute{{
		Name: "pool", First: `"vms"`, Second: `"images"`, Required: true, Replaces: true, View: where, SeenFirst: "vms", SeenSecond: "images",
	}})
	acctest.RunTogether(t, described, "cluster", []acctest.Attribute{{
		Name: "cluster", First: `"east"`, Second: `"west"`, Required: true, Replaces: true, View: where, SeenFirst: "vms", SeenSecond: "west",
	}})
	spaced := described
	spaced.ImportID = func(name string) string { return "east/vms/tenant/" + name }
	acctest.RunTogether(t, spaced, "namespace", []acctest.Attribute{{
		Name: "namespace", First: `"tenant"`, Second: `"other"`, Replaces: true, View: where,
		SeenFirst: "vms/tenant", SeenSecond: "vms/other", SeenRemoved: "vms",
	}})
}

// Where a label is left out, the recorded one stays.
func TestAccCephRBDImage_labelLeftOut(t *testing.T) {
	run(t, "labelled",
		resource.TestStep{Config: image("labelled", small)},
		resource.TestStep{Config: strings.Replace(image("labelled", small), `cluster = "east"`, "", 1), PlanOnly: true},
	)
	acctest.Record(t, imageType, "cluster", acctest.Cleared)
}

func TestAccCephRBDImage_basic(t *testing.T) {
	computed := func(attribute string, seen func() string) resource.TestCheckFunc {
		return acctest.Computed(t, imageType, attribute, seen)
	}
	run(t, "basic",
		resource.TestStep{Config: image("basic", small), Check: resource.ComposeAggregateTestCheckFunc(
			computed("id", func() string { return "east/vms/basic" }),
			computed("image_id", func() string { return field("id")(t, "basic") }),
			computed("size_bytes", func() string { return field("size")(t, "basic") }),
			computed("fsid", func() string { return acctest.Ceph(t, "east", "fsid") }),
			computed("pool_id", func() string {
				return strings.TrimSpace(strings.Fields(acctest.Ceph(t, "east", "osd", "pool", "stats", "vms"))[3])
			}),
			resource.TestCheckResourceAttr(address, "object_size", "4MiB"),
			resource.TestCheckNoResourceAttr(address, "data_pool"),
		)},
		// Equal sizes are no change, however they are written.
		resource.TestStep{Config: image("basic", `size = "4096K"`), PlanOnly: true},
		resource.TestStep{Config: image("basic", `size = "4194304"`), PlanOnly: true},
	)
}
