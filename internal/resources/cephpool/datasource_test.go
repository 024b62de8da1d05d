//go:build cgo

package cephpool_test

import (
	"encoding/json"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

// counted is a second view: the objects of a pool in the statistics of `ceph df`, -1 where it is not in them yet.
func counted(t *testing.T, name string) int {
	t.Helper()
	var df struct {
		Pools []struct {
			Name  string
			Stats struct{ Objects int }
		}
	}
	if err := json.Unmarshal([]byte(ceph(t, "df", "--format", "json")), &df); err != nil {
		t.Fatal(err)
	}
	for _, p := range df.Pools {
		if p.Name == name {
			return p.Stats.Objects
		}
	}
	return -1
}

func TestAccCephPool_dataSource(t *testing.T) {
	const read = "data.ceph_pool.test"
	data := "data \"ceph_pool\" \"test\" {\n  cluster = \"east\"\n  name = ceph_pool.test.name\n}\n"
	same := func(attribute string) resource.TestCheckFunc {
		return resource.TestCheckResourceAttrPair(read, attribute, address, attribute)
	}
	shown := pool("shown", `applications = ["rbd"]`, "size = 2", `config = { rbd_cache = "false" }`)
	run(t, "shown",
		resource.TestStep{Config: shown},
		resource.TestStep{
			PreConfig: func() {
				expect.Eventually(t, "the statistics", func() bool { return counted(t, "shown") >= 0 })
			},
			Config: shown + data,
			Check: resource.ComposeAggregateTestCheckFunc(
				same("id"), same("type"), same("size"), same("min_size"), same("pg_num"), same("pg_autoscale_mode"), same("crush_rule"),
				same("applications.0"), same("config.%"), same("config.rbd_cache"), same("pool_id"), same("fsid"),
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
