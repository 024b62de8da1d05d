//go:build cgo

package cephpool_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// A new pool has the flags that are asked for, whatever flags the cluster gives each pool by itself, and what these refuse is set.
func TestAccCephPool_defaultFlags(t *testing.T) {
	acctest.Bed(t)
	flags := []string{"bulk", "nodelete", "nosizechange", "nopgchange"}
	for _, name := range flags {
		option := "osd_pool_default_flag_" + name
		ceph(t, "config", "set", "global", option, "true")
		t.Cleanup(func() { ceph(t, "config", "rm", "global", option) })
	}
	ceph(t, "osd", "pool", "create", "by-hand", "4")
	t.Cleanup(func() {
		ceph(t, "osd", "pool", "set", "by-hand", "nodelete", "false")
		ceph(t, "osd", "pool", "delete", "by-hand", "by-hand", "--yes-i-really-really-mean-it")
	})
	for _, name := range flags {
		if got := flag(name)(t, "by-hand"); got != "true" {
			t.Errorf("the cluster gives a pool no flag %s by itself", name)
		}
	}
	seen := func(name string, want map[string]string) resource.TestCheckFunc {
		checks := []resource.TestCheckFunc{acctest.Check(t, name, field("min_size"), "1")}
		for _, flagName := range flags {
			if want[flagName] == "" {
				want[flagName] = "false"
			}
			checks = append(checks, acctest.Check(t, name, flag(flagName), want[flagName]))
		}
		return resource.ComposeAggregateTestCheckFunc(checks...)
	}
	for name, test := range map[string]struct {
		assignments []string
		want        map[string]string
	}{
		"unflagged": {nil, map[string]string{}},
		"disclaimed": {
			[]string{"bulk = false", "nodelete = false", "nosizechange = false", "nopgchange = false"}, map[string]string{},
		},
		"asked-for": {
			[]string{"bulk = true", "nosizechange = true", "nopgchange = true"},
			map[string]string{"bulk": "true", "nosizechange": "true", "nopgchange": "true"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := pool(name, append(test.assignments, "min_size = 1", "pg_num = 4")...)
			run(t, name, resource.TestStep{Config: config, Check: seen(name, test.want)})
		})
	}
}
