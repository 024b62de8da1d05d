//go:build cgo

package cephpool_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// TestAccCephPools_dataSource lists pools that were made by hand, and compares each with the output of ceph.
func TestAccCephPools_dataSource(t *testing.T) {
	const read = "data.ceph_pools.test"
	acctest.Bed(t)
	data := func(assignments string) string {
		return "data \"ceph_pools\" \"test\" {\n  cluster = \"east\"\n  " + assignments + "\n}\n"
	}
	profiles(t, "")
	for _, pool := range [][]string{{"listed-b", "16"}, {"listed-a", "8"}, {"listed-e", "8", "8", "erasure", "k2m1"}, {"listed-more", "8"}} {
		ceph(t, append([]string{"osd", "pool", "create"}, pool...)...)
		t.Cleanup(func() { ceph(t, "osd", "pool", "delete", pool[0], pool[0], "--yes-i-really-really-mean-it") })
	}
	ceph(t, "osd", "pool", "application", "enable", "listed-b", "rbd")
	rbd(t, "config", "pool", "set", "listed-b", "rbd_cache", "false")
	ceph(t, "osd", "pool", "set", "listed-b", "nodelete", "true")
	t.Cleanup(func() { ceph(t, "osd", "pool", "set", "listed-b", "nodelete", "false") })
	ceph(t, "osd", "pool", "set", "listed-b", "size", "2")
	ceph(t, "osd", "pool", "set", "listed-b", "target_size_ratio", "0.2")
	ceph(t, "osd", "pool", "set", "listed-b", "compression_min_blob_size", "8192")
	ceph(t, "osd", "pool", "set-quota", "listed-b", "max_bytes", "1073741824")
	ceph(t, "osd", "pool", "set", "listed-e", "allow_ec_overwrites", "true")

	agrees := func(number int, name string) resource.TestCheckFunc {
		at := func(attribute, want string) resource.TestCheckFunc {
			return resource.TestCheckResourceAttr(read, fmt.Sprintf("pools.%d.%s", number, attribute), want)
		}
		return func(state *terraform.State) error {
			checks := []resource.TestCheckFunc{
				at("id", "east/"+name), at("cluster", "east"), at("name", name), at("fsid", ceph(t, "fsid")),
				at("crush_rule", strings.TrimSpace(get("crush_rule")(t, name))),
			}
			for attribute, key := range map[string]string{
				"pool_id": "pool_id", "size": "size", "min_size": "min_size", "pg_num": "pg_num_target", "pg_autoscale_mode": "pg_autoscale_mode",
			} {
				checks = append(checks, at(attribute, field(key)(t, name)))
			}
			return resource.ComposeAggregateTestCheckFunc(checks...)(state)
		}
	}
	all := func(state *terraform.State) error {
		names := strings.Fields(ceph(t, "osd", "pool", "ls"))
		slices.Sort(names)
		checks := []resource.TestCheckFunc{resource.TestCheckResourceAttr(read, "pools.#", fmt.Sprint(len(names)))}
		for i, name := range names {
			checks = append(checks, agrees(i, name))
		}
		return resource.ComposeAggregateTestCheckFunc(checks...)(state)
	}
	run(t, "nothing-is-made",
		resource.TestStep{
			Config:      data(`name_pattern = "listed-[ab]"`),
			ExpectError: acctest.MessageAt("name_pattern", `"listed-[ab]" has a "[", which has no meaning in a pattern`),
		},
		resource.TestStep{
			Config: data(`name_pattern = "listed-?"`),
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(read, "pools.#", "3"), agrees(0, "listed-a"), agrees(1, "listed-b"), agrees(2, "listed-e"),
				resource.TestCheckNoResourceAttr(read, "pools.0.nodelete"), resource.TestCheckNoResourceAttr(read, "pools.0.applications"),
				resource.TestCheckNoResourceAttr(read, "pools.0.config.%"), resource.TestCheckResourceAttr(read, "pools.1.config.%", "1"),
				resource.TestCheckResourceAttr(read, "pools.1.config.rbd_cache", "false"),
				resource.TestCheckNoResourceAttr(read, "pools.0.quota_max_bytes"),
				resource.TestCheckNoResourceAttr(read, "pools.0.erasure_code_profile"),
				resource.TestCheckResourceAttr(read, "pools.1.applications.0", "rbd"), resource.TestCheckResourceAttr(read, "pools.1.nodelete", "true"),
				resource.TestCheckResourceAttr(read, "pools.1.target_size_ratio", "0.2"),
				resource.TestCheckResourceAttr(read, "pools.1.compression_min_blob_size", "8KiB"),
				resource.TestCheckResourceAttr(read, "pools.1.quota_max_bytes", "1GiB"),
				resource.TestCheckResourceAttr(read, "pools.2.type", "erasure"),
				resource.TestCheckResourceAttr(read, "pools.2.erasure_code_profile", "k2m1"),
				resource.TestCheckResourceAttr(read, "pools.2.allow_ec_overwrites", "true"),
			),
		},
		resource.TestStep{Config: data(""), Check: all},
		resource.TestStep{Config: data(`name_pattern = "Listed*"`), Check: resource.TestCheckResourceAttr(read, "pools.#", "0")},
	)
}
