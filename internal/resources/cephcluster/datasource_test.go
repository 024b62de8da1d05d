//go:build cgo

package cephcluster_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func TestMain(m *testing.M) {
	acctest.Main(m, testbed.Options{
		Clusters:    []testbed.ClusterOptions{{Name: "east", Monitors: 3}, {Name: "six", IPv6: testbed.HasIPv6()}},
		Hypervisors: []string{},
	})
}

func TestAccCephCluster_dataSource(t *testing.T) {
	const read = "data.ceph_cluster.test"
	config := func(label string) string {
		return acctest.Provider(t) + fmt.Sprintf("data \"ceph_cluster\" \"test\" {\n  cluster = %q\n}\n", label)
	}
	bed := acctest.Bed(t)
	shown := func(cluster *testbed.Cluster) resource.TestCheckFunc {
		checks := []resource.TestCheckFunc{
			resource.TestCheckResourceAttr(read, "fsid", acctest.Ceph(t, cluster.Name, "fsid")),
			resource.TestCheckResourceAttr(read, "monitors.#", fmt.Sprint(len(cluster.Monitors))),
			resource.TestCheckResourceAttrSet(read, "release"), resource.TestCheckResourceAttrSet(read, "version"),
			resource.TestCheckResourceAttrSet(read, "health"),
		}
		for _, monitor := range cluster.Monitors {
			checks = append(checks, resource.TestCheckTypeSetElemNestedAttrs(read, "monitors.*", map[string]string{
				"name": monitor.Name, "v1.host": monitor.Host, "v1.port": fmt.Sprint(monitor.V1Port), "v2.host": monitor.Host,
				"v2.port": fmt.Sprint(monitor.V2Port),
			}))
		}
		return resource.ComposeAggregateTestCheckFunc(checks...)
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config("east"), Check: shown(bed.Cluster("east"))},
		{Config: config("six"), Check: shown(bed.Cluster("six"))},
		{Config: config("north"), ExpectError: acctest.Message(`The provider block has no cluster "north". It has "east", "six".`)},
		{
			Config:      acctest.Provider(t) + "data \"ceph_cluster\" \"test\" {}\n",
			ExpectError: acctest.Message(`says which cluster is meant, and the provider block has several: "east", "six".`),
		},
	}})
}
