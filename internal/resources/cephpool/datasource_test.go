//go:build cgo

package cephpool_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephPool_dataSource(t *testing.T) {
	const read = "data.ceph_pool.test"
	data := "data \"ceph_pool\" \"test\" {\n  cluster = \"east\"\n  name = ceph_pool.test.name\n}\n"
	same := func(attribute string) resource.TestCheckFunc {
		return resource.TestCheckResourceAttrPair(read, attribute, address, attribute)
	}
	run(t, "shown",
		resource.TestStep{
			Config: pool("shown", `applications = ["rbd"]`, "size = 2") + data,
			Check: resource.ComposeAggregateTestCheckFunc(
				same("id"), same("type"), same("size"), same("min_size"), same("pg_num"), same("pg_autoscale_mode"), same("crush_rule"),
				same("applications.0"), same("pool_id"), same("fsid"),
				resource.TestCheckResourceAttr(read, "allow_ec_overwrites", "false"),
				resource.TestCheckResourceAttrSet(read, "stored_bytes"), resource.TestCheckResourceAttrSet(read, "objects"),
				resource.TestCheckResourceAttrSet(read, "max_avail_bytes"),
			),
		},
		resource.TestStep{
			Config:      "data \"ceph_pool\" \"test\" {\n  cluster = \"west\"\n  name = \"shown\"\n}\n",
			ExpectError: acctest.Message(`Cluster "west" has no pool "shown".`),
		},
	)
}
