//go:build cgo

package cephrbdimage_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// A clone whose parent's pool was deleted by hand is listed beside the others and adopted, without the parent that has no name any more,
// so that it can be destroyed.
func TestAccCephRBDImage_orphan(t *testing.T) {
	pools(t)
	deletePool := func(pool string) {
		acctest.Ceph(t, "east", "osd", "pool", "delete", pool, pool, "--yes-i-really-really-mean-it")
	}
	for _, pool := range []string{"lost", "between"} {
		acctest.Ceph(t, "east", "osd", "pool", "create", pool, "8")
		rbd(t, "pool", "init", pool)
	}
	t.Cleanup(func() { deletePool("between") })
	rbd(t, "create", "--size", "4M", "lost/base")
	rbd(t, "snap", "create", "--no-progress", "lost/base@s")
	rbd(t, "clone", "--rbd-default-clone-format", "2", "lost/base@s", "vms/orphan-a")
	rbd(t, "create", "--size", "4M", "vms/orphan-b")
	t.Cleanup(func() { rbd(t, "rm", "--no-progress", "vms/orphan-b") })
	// Its parent is there, and that one's parent is not.
	rbd(t, "clone", "--rbd-default-clone-format", "2", "lost/base@s", "between/base")
	rbd(t, "snap", "create", "--no-progress", "between/base@s")
	rbd(t, "clone", "--rbd-default-clone-format", "2", "between/base@s", "vms/orphan-c")
	t.Cleanup(func() { rbd(t, "rm", "--no-progress", "vms/orphan-c") })
	deletePool("lost")
	const read = "data.ceph_rbd_images.test"
	run(t, "orphan-a",
		resource.TestStep{
			Config: "data \"ceph_rbd_images\" \"test\" {\n  cluster = \"east\"\n  pool = \"vms\"\n  name_pattern = \"orphan-*\"\n}\n" +
				"import {\n  to = ceph_rbd_image.test\n  id = \"east/vms/orphan-a\"\n}\n" + image("orphan-a", small, "force_destroy = true"),
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(read, "images.#", "3"),
				resource.TestCheckResourceAttr(read, "images.0.name", "orphan-a"),
				resource.TestCheckNoResourceAttr(read, "images.0.parent.%"),
				resource.TestCheckResourceAttr(read, "images.1.name", "orphan-b"),
				resource.TestCheckResourceAttr(read, "images.2.name", "orphan-c"),
				resource.TestCheckNoResourceAttr(read, "images.2.parent.%"),
				resource.TestCheckNoResourceAttr(address, "parent.%"),
			),
		},
	)
	if left := rbd(t, "ls", "vms"); strings.Contains(left, "orphan-a") {
		t.Errorf("it is still there: %s", left)
	}
}
