//go:build cgo

package cephpool_test

import (
	"strings"
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

// A pool that goes by force leaves the data that its images have in other pools, and says where.
func TestAccCephPool_leavesDataInOtherPools(t *testing.T) {
	acctest.Bed(t)
	rbd := func(args ...string) { acctest.RBD(t, "east", args...) }
	for _, name := range []string{"archive-data", "templates"} {
		ceph(t, "osd", "pool", "create", name, "4")
		rbd("pool", "init", name)
		t.Cleanup(func() { ceph(t, "osd", "pool", "delete", name, name, "--yes-i-really-really-mean-it") })
	}
	rbd("create", "--size", "4M", "templates/parent")
	rbd("snap", "create", "--no-progress", "templates/parent@s")
	w := acctest.NewWorkspaceOf(t, "terraform {\n  required_providers {\n    ceph = { source = \"ceph-libvirt/ceph\" }\n  }\n}\n"+
		acctest.Provider(t)+pool("leaving", `applications = ["rbd"]`, "force_destroy = true"))
	w.Apply(t)
	prefix := "rbd_data." + field("pool_id")(t, "leaving") + "."
	rbd("namespace", "create", "leaving/tenant")
	rbd("create", "--size", "4M", "--data-pool", "archive-data", "leaving/tenant/data")
	rbd("bench", "--io-type", "write", "--io-size", "4K", "--io-total", "4K", "leaving/tenant/data")
	// What a clone leaves at its parent, librbd removes with the snapshot.
	rbd("clone", "--rbd-default-clone-format", "2", "templates/parent@s", "leaving/clone")

	out := w.Terraform(t, "destroy", "-auto-approve", "-input=false")
	for _, words := range []string{"Data of images left in other pools", "(archive-data)", "begin with " + prefix} {
		if !acctest.Message(words).MatchString(out) {
			t.Errorf("the operator doesn't read %q:\n%s", words, out)
		}
	}
	left, err := acctest.Bed(t).Cluster("east").Rados(t.Context(), "-p", "archive-data", "ls", "--all")
	if err != nil || !strings.Contains(string(left), prefix) {
		t.Errorf("no data is left: %s, %v", left, err)
	}
	rbd("snap", "rm", "--no-progress", "templates/parent@s")
	rbd("rm", "--no-progress", "templates/parent")
}
