//go:build cgo

package cephuser_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephUser_dataSource(t *testing.T) {
	const read = "data.ceph_user.test"
	data := func(assignments string) string {
		return "data \"ceph_user\" \"test\" {\n  cluster = \"east\"\n  name = ceph_user.test.name\n  " + assignments + "\n}\n"
	}
	same := func(attribute string) resource.TestCheckFunc {
		return resource.TestCheckResourceAttrPair(read, attribute, address, attribute)
	}
	run(t, "shown",
		resource.TestStep{
			Config: user("shown", someCaps) + data(""),
			Check: resource.ComposeAggregateTestCheckFunc(
				same("id"), same("entity"), same("caps.mon"), same("key_fingerprint"), same("fsid"), resource.TestCheckNoResourceAttr(read, "key"),
			),
		},
		resource.TestStep{Config: user("shown", someCaps) + data("include_key = true"), Check: same("key")},
		resource.TestStep{
			Config:      "data \"ceph_user\" \"test\" {\n  cluster = \"west\"\n  name = \"client.shown\"\n}\n",
			ExpectError: acctest.MessageAt("name", `Write the user's name without "client.": "shown".`),
		},
		resource.TestStep{
			Config:      "data \"ceph_user\" \"test\" {\n  cluster = \"west\"\n  name = \"shown\"\n}\n",
			ExpectError: acctest.Message(`Cluster "west" has no user client.shown. Create the user, or correct its name or the cluster.`),
		},
	)
}
