//go:build cgo

package cephpool_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephPool_leastCaps(t *testing.T) {
	as := func(operation string) string {
		caps := acctest.LeastCaps(t, poolType, operation, map[string]string{"POOL": "frugal"})
		return acctest.ProviderAs(t, "east", "pool-"+operation, caps)
	}
	acctest.Bed(t)
	// Other pools are looked into for images that keep their data in this one.
	ceph(t, "osd", "pool", "create", "neighbour", "8")
	rbd(t, "pool", "init", "neighbour")
	rbd(t, "create", "--size", "1M", "neighbour/disk")
	t.Cleanup(func() { ceph(t, "osd", "pool", "delete", "neighbour", "neighbour", "--yes-i-really-really-mean-it") })
	before := pool("frugal", `applications = ["rbd"]`)
	between := pool("frugal", `applications = ["backup"]`)
	after := pool("frugal", `applications = ["rbd", "backup"]`, "size = 2", `quota_max_bytes = "1GiB"`, "bulk = true")
	named := pool("frugal-new", `applications = ["rbd", "backup"]`, "size = 2", `quota_max_bytes = "1GiB"`, "bulk = true")
	reader := as("read")
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: as("create") + before},
		{Config: reader + before, PlanOnly: true},
		{
			Config: reader + before, ResourceName: address, ImportState: true, ImportStateId: "east/frugal", ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"force_destroy"},
		},
		{
			Config: reader + after,
			ExpectError: acctest.Message(`The caps of client.pool-read, the user that the provider connects with, don't allow this. Give` +
				` it the caps`),
		},
		{Config: as("update") + between, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate)},
		{Config: as("update") + after, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate)},
		{Config: as("update") + named, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate)},
		{Config: as("delete") + named, PlanOnly: true},
		{Config: as("delete") + named, Destroy: true},
	}})
	if exists(t, "frugal") || exists(t, "frugal-new") {
		t.Error("the pool is still there")
	}
}
