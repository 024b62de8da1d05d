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

// With force_destroy too, an image goes only by its own removal where that alone takes along what it has in other pools.
func TestAccCephPool_leavesNothingInOtherPools(t *testing.T) {
	acctest.Bed(t)
	rbd := func(args ...string) { acctest.RBD(t, "east", args...) }
	for _, name := range []string{"archive-data", "templates"} {
		ceph(t, "osd", "pool", "create", name, "4")
		rbd("pool", "init", name)
		t.Cleanup(func() { ceph(t, "osd", "pool", "delete", name, name, "--yes-i-really-really-mean-it") })
	}
	rbd("create", "--size", "4M", "templates/parent")
	rbd("snap", "create", "--no-progress", "templates/parent@s")
	rbd("snap", "protect", "templates/parent@s")
	config := pool("leaving", `applications = ["rbd"]`, "force_destroy = true")
	refused := func(prepare func(), words string) resource.TestStep {
		return resource.TestStep{
			PreConfig: prepare, Config: config, Destroy: true,
			ExpectError: acctest.Message(`Images in pool "leaving" on cluster "east" would leave something in other pools: ` + words),
		}
	}
	run(t, "leaving",
		resource.TestStep{Config: config},
		refused(func() {
			rbd("namespace", "create", "leaving/tenant")
			rbd("create", "--size", "4M", "leaving/own")
			rbd("create", "--size", "4M", "--data-pool", "archive-data", "leaving/data")
			rbd("clone", "--rbd-default-clone-format", "2", "templates/parent@s", "leaving/tenant/clone")
			rbd("clone", "--rbd-default-clone-format", "2", "--data-pool", "archive-data", "templates/parent@s", "leaving/both")
			rbd("clone", "--rbd-default-clone-format", "1", "templates/parent@s", "leaving/first")
			rbd("snap", "create", "--no-progress", "leaving/own@s")
			rbd("clone", "--rbd-default-clone-format", "2", "leaving/own@s", "leaving/inside")
		}, `leaving/both (a clone of an image in pool "templates"), leaving/both (its data is in pool "archive-data"), leaving/data (its data`+
			` is in pool "archive-data"), leaving/tenant/clone (a clone of an image in pool "templates"). The pool would take only their headers`+
			` along.`),
		refused(func() {
			rbd("rm", "--no-progress", "leaving/both")
			rbd("rm", "--no-progress", "leaving/tenant/clone")
			rbd("trash", "mv", "leaving/data")
		}, `leaving/data (in the trash, id `),
		refused(func() {
			rbd("trash", "purge", "--no-progress", "leaving")
			rbd("clone", "--rbd-default-clone-format", "2", "templates/parent@s", "leaving/clone")
			rbd("trash", "mv", "leaving/clone")
		}, `leaving/clone (in the trash, id `),
		// A clone of format 1 leaves nothing: the note of it goes with its pool.
		resource.TestStep{PreConfig: func() { rbd("trash", "purge", "--no-progress", "leaving") }, Config: config, Destroy: true},
	)
	rbd("snap", "unprotect", "templates/parent@s")
	rbd("snap", "rm", "--no-progress", "templates/parent@s")
	rbd("rm", "--no-progress", "templates/parent")
}
