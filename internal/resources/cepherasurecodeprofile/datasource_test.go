//go:build cgo

package cepherasurecodeprofile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func TestMain(m *testing.M) {
	acctest.Main(m, testbed.Options{
		Clusters:    []testbed.ClusterOptions{{Name: "east", OSDs: 3}, {Name: "west"}}, // a pool with three chunks needs as many OSDs
		Hypervisors: []string{},
	})
}

// Each profile is read as ceph tells it: every line of ceph's own listing is an attribute or one of the parameters.
func TestAccCephErasureCodeProfile_dataSource(t *testing.T) {
	acctest.Bed(t)
	ceph := func(args ...string) string { return acctest.Ceph(t, "east", args...) }
	for _, parameters := range []string{
		"chunks plugin=jerasure k=2 m=2 technique=reed_sol_r6_op w=16 stripe_unit=8K crush-failure-domain=osd crush-device-class=hdd",
		"local plugin=lrc k=4 m=2 l=3 crush-failure-domain=osd",
		"shingled plugin=shec k=4 m=3 c=2",
	} {
		ceph(append([]string{"osd", "erasure-code-profile", "set"}, strings.Fields(parameters)...)...)
	}
	attributes := map[string]string{
		"k": "k", "m": "m", "plugin": "plugin", "technique": "technique", "crush-root": "crush_root",
		"crush-failure-domain": "crush_failure_domain", "crush-device-class": "crush_device_class", "stripe_unit": "stripe_unit",
	}
	ceph(append([]string{"osd", "erasure-code-profile", "set", "layered"}, layered...)...)
	data, checks := `data "ceph_erasure_code_profile" "layered" {
  cluster = "east"
  name    = "layered"
}
`, []resource.TestCheckFunc{
		resource.TestCheckNoResourceAttr("data.ceph_erasure_code_profile.layered", "k"),
		resource.TestCheckNoResourceAttr("data.ceph_erasure_code_profile.layered", "m"),
		resource.TestCheckResourceAttr("data.ceph_erasure_code_profile.layered", "parameters.mapping", "__DD__DD"),
		resource.TestCheckNoResourceAttr("data.ceph_erasure_code_profile.local", "technique"),
		resource.TestCheckResourceAttr("data.ceph_erasure_code_profile.chunks", "parameters.w", "16"),
		resource.TestCheckResourceAttr("data.ceph_erasure_code_profile.chunks", "stripe_unit", "8K"),
		resource.TestCheckResourceAttr("data.ceph_erasure_code_profile.local", "parameters.l", "3"),
		resource.TestCheckResourceAttrSet("data.ceph_erasure_code_profile.default", "crush_root"),
		resource.TestCheckResourceAttrSet("data.ceph_erasure_code_profile.default", "crush_failure_domain"),
	}
	for _, name := range []string{"default", "chunks", "local", "shingled"} {
		read, others := "data.ceph_erasure_code_profile."+name, 0
		data += fmt.Sprintf("data \"ceph_erasure_code_profile\" %q {\n  cluster = \"east\"\n  name = %[1]q\n}\n", name)
		for line := range strings.Lines(ceph("osd", "erasure-code-profile", "get", name)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			switch attribute := attributes[key]; {
			case value == "":
				checks = append(checks, resource.TestCheckNoResourceAttr(read, attribute))
			case attribute == "":
				others++
				checks = append(checks, resource.TestCheckResourceAttr(read, "parameters."+key, value))
			default:
				checks = append(checks, resource.TestCheckResourceAttr(read, attribute, value))
			}
		}
		checks = append(checks, resource.TestCheckResourceAttr(read, "parameters.%", fmt.Sprint(others)),
			resource.TestCheckResourceAttr(read, "id", "east/"+name), resource.TestCheckResourceAttr(read, "fsid", ceph("fsid")))
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: acctest.Provider(t) + data, Check: resource.ComposeAggregateTestCheckFunc(checks...)},
	}})
	ceph("osd", "erasure-code-profile", "rm", "layered")
	acctest.RunInvalid(t, map[string]acctest.Invalid{
		"not there": {
			dataOf("west", "chunks"), "", `Cluster "west" has no erasure code profile "chunks". Its profiles are "default". Create the` +
				` profile (ceph osd erasure-code-profile set), or correct its name or the cluster.`,
		},
		"bad name": {
			dataOf("west", "a+b"), "name", `must be the name of an erasure code profile: letters, digits, "-", "_" and ".", got: a+b`,
		},
		"empty name": {dataOf("west", ""), "name", `must be the name of an erasure code profile`},
		"no such cluster": {
			dataOf("north", "chunks"), "", `The provider block has no cluster "north". It has "east", "west".`,
		},
	})
}

func dataOf(cluster, name string) string {
	return fmt.Sprintf("data \"ceph_erasure_code_profile\" \"test\" {\n  cluster = %q\n  name = %q\n}\n", cluster, name)
}
