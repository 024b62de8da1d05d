//go:build cgo

package cephrbdimage_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephRBDImage_dataSource(t *testing.T) {
	const read = "data.ceph_rbd_image.test"
	data := "data \"ceph_rbd_image\" \"test\" {\n  cluster = \"east\"\n  pool = \"vms\"\n  name = ceph_rbd_image.test.name\n}\n"
	same := func(attribute string) resource.TestCheckFunc {
		return resource.TestCheckResourceAttrPair(read, attribute, address, attribute)
	}
	config := image("shown", small, `metadata = { owner = "somebody" }`, `config = { rbd_cache = "false" }`)
	var closeImage func()
	run(t, "shown",
		resource.TestStep{
			Config: config + data,
			Check: resource.ComposeAggregateTestCheckFunc(
				same("id"), same("size"), same("size_bytes"), same("object_size"), same("stripe_unit"), same("stripe_count"), same("features.#"),
				same("metadata.owner"), same("config.rbd_cache"), same("image_id"), same("pool_id"), same("fsid"),
				resource.TestCheckNoResourceAttr(read, "data_pool"), resource.TestCheckNoResourceAttr(read, "parent.pool"),
				resource.TestCheckResourceAttr(read, "watchers.#", "0"),
			),
		},
		resource.TestStep{
			PreConfig: func() { closeImage = acctest.OpenImage(t, "east", "admin", "vms/shown") },
			Config:    config + data,
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(read, "watchers.#", "1"), resource.TestCheckResourceAttr(read, "watchers.0.entity", "client.admin"),
			),
		},
		resource.TestStep{PreConfig: func() { closeImage() }, Config: config},
		resource.TestStep{
			Config:      "data \"ceph_rbd_image\" \"test\" {\n  cluster = \"east\"\n  pool = \"vms\"\n  name = \"hidden\"\n}\n",
			ExpectError: acctest.Message(`Cluster "east" has no image vms/hidden. Create the image, or correct its name, its pool or the cluster.`),
		},
		resource.TestStep{
			Config:      "data \"ceph_rbd_image\" \"test\" {\n  cluster = \"east\"\n  pool = \"nowhere\"\n  name = \"hidden\"\n}\n",
			ExpectError: acctest.Message(`Cluster "east" has no image nowhere/hidden. Cluster "east" has no pool "nowhere".`),
		},
	)
}
