//go:build cgo

package cephrbdnamespace_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// block is a namespace whose configuration has only these assignments.
func block(name, assignments string) string {
	for argument, assignment := range map[string]string{
		"cluster": `cluster = "east"`, "pool": `pool = "vms"`, "name": fmt.Sprintf("name = %q", name),
	} {
		if !strings.Contains(assignments, "\n  "+argument+" = ") {
			assignments += "\n  " + assignment
		}
	}
	return "resource \"ceph_rbd_namespace\" \"test\" {\n" + assignments + "\n}\n"
}

func TestAccCephRBDNamespace_attributes(t *testing.T) {
	pools(t)
	described := acctest.Resource{
		Type: namespaceType, Config: block, ImportID: func(name string) string { return "east/vms/" + name },
	}
	// where is a second view: the places that have a namespace of the name.
	where := func(t *testing.T, name string) string {
		var found []string
		for _, place := range []struct{ cluster, pool string }{{"east", "vms"}, {"east", "images"}, {"west", "vms"}} {
			if slices.Contains(namespaces(t, place.cluster, place.pool), name) {
				found = append(found, place.cluster+"/"+place.pool)
			}
		}
		return strings.Join(found, " ")
	}
	acctest.RunTogether(t, described, "name", []acctest.Attribute{{
		Name: "name", First: `"a-name"`, Second: `"a-name-new"`, Required: true, Replaces: true,
		View:      func(t *testing.T, _ string) string { return strings.Join(namespaces(t, "east", "vms"), " ") },
		SeenFirst: "a-name", SeenSecond: "a-name-new",
	}})
	acctest.RunTogether(t, described, "pool", []acctest.Attribute{{
		Name: "pool", First: `"vms"`, Second: `"images"`, Required: true, Replaces: true, View: where,
		SeenFirst: "east/vms", SeenSecond: "east/images",
	}})
	acctest.RunTogether(t, described, "cluster", []acctest.Attribute{{
		Name: "cluster", First: `"east"`, Second: `"west"`, Required: true, Replaces: true, View: where,
		SeenFirst: "east/vms", SeenSecond: "west/vms",
	}})
}

func TestAccCephRBDNamespace_basic(t *testing.T) {
	computed := func(attribute string, seen func() string) resource.TestCheckFunc {
		return acctest.Computed(t, namespaceType, attribute, seen)
	}
	config := namespace("basic")
	run(t, "basic",
		resource.TestStep{Config: config, Check: resource.ComposeAggregateTestCheckFunc(
			computed("id", func() string { return "east/vms/basic" }),
			computed("fsid", func() string { return acctest.Ceph(t, "east", "fsid") }),
			computed("pool_id", func() string {
				return strings.TrimSpace(strings.Fields(acctest.Ceph(t, "east", "osd", "pool", "stats", "vms"))[3])
			}),
		)},
		resource.TestStep{Config: config, PlanOnly: true},
		// Where a label is left out, the recorded one stays.
		resource.TestStep{Config: strings.Replace(config, `cluster = "east"`, "", 1), PlanOnly: true},
	)
	acctest.Record(t, namespaceType, "cluster", acctest.Cleared)
}
