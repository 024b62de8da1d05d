//go:build cgo

package cephpool_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// force_destroy deletes what a pool holds, but not images of other pools that need it, whatever these pools say what they are for.
func TestAccCephPool_neededByOtherPools(t *testing.T) {
	acctest.Bed(t)
	rbd := func(args ...string) { acctest.RBD(t, "east", args...) }
	ceph(t, "osd", "pool", "create", "outside", "4")
	ceph(t, "osd", "pool", "application", "enable", "outside", "tenant")
	t.Cleanup(func() { ceph(t, "osd", "pool", "delete", "outside", "outside", "--yes-i-really-really-mean-it") })
	config := pool("needed", `applications = ["rbd"]`, "force_destroy = true")
	refused := func(prepare func(), words string) resource.TestStep {
		return resource.TestStep{
			PreConfig: prepare, Config: config, Destroy: true,
			ExpectError: acctest.Message(`Images of other pools would be lost with pool "needed" on cluster "east": ` + words),
		}
	}
	run(t, "needed",
		resource.TestStep{Config: config},
		refused(func() {
			rbd("create", "--size", "4M", "--data-pool", "needed", "outside/data")
			rbd("create", "--size", "4M", "needed/parent")
			rbd("snap", "create", "--no-progress", "needed/parent@s")
			rbd("snap", "protect", "needed/parent@s")
			rbd("clone", "--rbd-default-clone-format", "1", "needed/parent@s", "outside/first")
			rbd("clone", "--rbd-default-clone-format", "2", "needed/parent@s", "outside/second")
			rbd("clone", "needed/parent@s", "needed/inside")
		}, `outside/data (its data), outside/first (a clone), outside/second (a clone). They keep their data in this pool`),
		// The parent and the clone may both be in the trash.
		refused(func() {
			rbd("rm", "--no-progress", "outside/data")
			rbd("rm", "--no-progress", "outside/first")
			rbd("trash", "mv", "needed/parent")
			rbd("trash", "mv", "outside/second")
		}, `outside/second (in the trash, id `),
		resource.TestStep{PreConfig: func() { rbd("trash", "purge", "outside") }, Config: config, PlanOnly: true},
	)
}
