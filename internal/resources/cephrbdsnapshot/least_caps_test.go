//go:build cgo

package cephrbdsnapshot_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephRBDSnapshot_leastCaps(t *testing.T) {
	as := func(name, operation string) string {
		return acctest.ProviderAs(t, "east", name, acctest.LeastCaps(t, snapshotType, operation, map[string]string{"POOL": "vms"}))
	}
	images(t)
	config, changed := snapshot("frugal", "protected = true"), snapshot("frugal-new", "protected = true")
	reader, writer := as("snapshot-reader", "read"), as("snapshot-writer", "create, update, delete")
	denied := acctest.Message(`The caps of client.snapshot-reader, the user that the provider connects with, don't allow this.`)
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: reader + config, ExpectError: denied},
		{Config: writer + config},
		{Config: reader + config, PlanOnly: true},
		{Config: reader + config, ResourceName: address, ImportState: true, ImportStateId: "east/vms/data@frugal", ImportStateVerify: true},
		{Config: reader + changed, ExpectError: denied},
		{Config: writer + changed, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate)},
		{Config: reader + changed, Destroy: true, ExpectError: denied},
		{Config: writer + changed, Destroy: true},
	}})
	if left := names(t, ""); left != "" {
		t.Errorf("left: %s", left)
	}
}
