//go:build cgo

package cephrbdsnapshot_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// block is a snapshot whose configuration has only these assignments.
func block(name, assignments string) string {
	for argument, assignment := range map[string]string{
		"cluster": `cluster = "east"`, "pool": `pool = "vms"`, "image": `image = "data"`, "name": fmt.Sprintf("name = %q", name),
	} {
		if !strings.Contains(assignments, "\n  "+argument+" = ") {
			assignments += "\n  " + assignment
		}
	}
	return "resource \"ceph_rbd_snapshot\" \"test\" {\n" + assignments + "\n}\n"
}

func TestAccCephRBDSnapshot_attributes(t *testing.T) {
	images(t)
	described := acctest.Resource{
		Type: snapshotType, Config: block, ImportID: func(name string) string { return "east/vms/data@" + name },
	}
	acctest.RunTogether(t, described, "name", []acctest.Attribute{{
		Name: "name", First: `"a-name"`, Second: `"a-name-new"`, Required: true, View: names,
		SeenFirst: "a-name", SeenSecond: "a-name-new",
		Drift: func(t *testing.T, name string) { rbd(t, "snap", "rename", "vms/data@"+name, "vms/data@by-hand") },
	}})
	acctest.RunTogether(t, described, "protected", []acctest.Attribute{{
		Name: "protected", First: "true", Second: "false",
		View:      func(t *testing.T, name string) string { return find(t, name).Protected },
		SeenFirst: "true", SeenSecond: "false", SeenRemoved: "false", BackToFirst: true,
		Drift: func(t *testing.T, name string) { rbd(t, "snap", "unprotect", "vms/data@"+name) },
	}})

	// where is a second view: the images that have a snapshot of the name.
	where := func(t *testing.T, name string) string {
		var found []string
		for _, place := range []struct{ cluster, image string }{
			{"east", "vms/data"},
			{"east", "vms/log"},
			{"east", "vms/tenant/data"},
			{"east", "vms/other/data"},
			{"east", "images/data"},
			{"west", "vms/data"},
		} {
			for _, s := range snapshots(t, place.cluster, place.image) {
				if s.Name == name {
					found = append(found, place.cluster+"/"+place.image)
				}
			}
		}
		return strings.Join(found, " ")
	}
	for _, a := range []acctest.Attribute{
		{Name: "image", First: `"data"`, Second: `"log"`, SeenFirst: "east/vms/data", SeenSecond: "east/vms/log"},
		{Name: "pool", First: `"vms"`, Second: `"images"`, SeenFirst: "east/vms/data", SeenSecond: "east/images/data"},
		{Name: "cluster", First: `"east"`, Second: `"west"`, SeenFirst: "east/vms/data", SeenSecond: "west/vms/data"},
	} {
		a.Required, a.Replaces, a.View = true, true, where
		acctest.RunTogether(t, described, a.Name, []acctest.Attribute{a})
	}
	spaced := described
	spaced.ImportID = func(name string) string { return "east/vms/tenant/data@" + name }
	acctest.RunTogether(t, spaced, "namespace", []acctest.Attribute{{
		Name: "namespace", First: `"tenant"`, Second: `"other"`, Replaces: true, View: where,
		SeenFirst: "east/vms/tenant/data", SeenSecond: "east/vms/other/data", SeenRemoved: "east/vms/data",
	}})
}

func TestAccCephRBDSnapshot_basic(t *testing.T) {
	computed := func(attribute string, seen func() string) resource.TestCheckFunc {
		return acctest.Computed(t, snapshotType, attribute, seen)
	}
	var imageID string
	images(t)
	for line := range strings.Lines(rbd(t, "info", "vms/data")) {
		if id, found := strings.CutPrefix(strings.TrimSpace(line), "id: "); found {
			imageID = id
		}
	}
	begun := time.Now().Add(-2 * time.Second)
	run(t, "basic",
		resource.TestStep{Config: snapshot("basic"), Check: resource.ComposeAggregateTestCheckFunc(
			computed("id", func() string { return "east/vms/data@basic" }),
			computed("snapshot_id", func() string { return strconv.Itoa(find(t, "basic").ID) }),
			computed("size_bytes", func() string { return strconv.Itoa(find(t, "basic").Size) }),
			computed("image_id", func() string { return imageID }),
			computed("fsid", func() string { return acctest.Ceph(t, "east", "fsid") }),
			computed("pool_id", func() string {
				return strings.TrimSpace(strings.Fields(acctest.Ceph(t, "east", "osd", "pool", "stats", "vms"))[3])
			}),
			computed("created_at", func() string {
				at, err := time.ParseInLocation(time.ANSIC, find(t, "basic").Timestamp, time.Local)
				if err != nil || at.Before(begun) || at.After(time.Now()) {
					t.Errorf("rbd tells %v, %v", find(t, "basic"), err)
				}
				return at.UTC().Format(time.RFC3339)
			}),
			resource.TestCheckNoResourceAttr(address, "protected"),
		)},
		resource.TestStep{Config: snapshot("basic"), PlanOnly: true},
		resource.TestStep{Config: snapshot("basic", "protected = false"), Check: acctest.Check(t, "basic", names, "basic")},
		// Where a label is left out, the recorded one stays.
		resource.TestStep{Config: strings.Replace(snapshot("basic", "protected = false"), `cluster = "east"`, "", 1), PlanOnly: true},
		// The snapshot keeps its size while the image grows.
		resource.TestStep{
			PreConfig: func() { rbd(t, "resize", "--no-progress", "--size", "8M", "vms/data") },
			Config:    snapshot("basic"),
			Check: func(state *terraform.State) error {
				rbd(t, "resize", "--no-progress", "--allow-shrink", "--size", "4M", "vms/data")
				return resource.TestCheckResourceAttr(address, "size_bytes", "4194304")(state)
			},
		},
	)
	acctest.Record(t, snapshotType, "cluster", acctest.Cleared)
}
