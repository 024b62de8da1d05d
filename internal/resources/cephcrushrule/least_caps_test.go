//go:build cgo

package cephcrushrule_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephCrushRule_leastCaps(t *testing.T) {
	as := func(name, operation string) string {
		return acctest.ProviderAs(t, "east", name, acctest.LeastCaps(t, ruleType, operation, nil))
	}
	profiles(t)
	config, changed := rule("frugal"), rule("frugal-new")
	reader, writer := as("rule-reader", "read"), as("rule-writer", "create, update, delete")
	denied := acctest.Message(`The caps of client.rule-reader, the user that the provider connects with, don't allow this.`)
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: reader + config, ExpectError: denied},
		{Config: writer + config},
		{Config: reader + config, PlanOnly: true},
		{Config: reader + config, ResourceName: address, ImportState: true, ImportStateId: "east/frugal", ImportStateVerify: true},
		{Config: reader + changed, ExpectError: denied},
		{Config: writer + changed, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate)},
		{Config: reader + changed, Destroy: true, ExpectError: denied},
		{Config: writer + changed, Destroy: true},
	}})
	if left := find(t, "east", "frugal").Name + find(t, "east", "frugal-new").Name; left != "" {
		t.Errorf("left: %s", left)
	}
}
