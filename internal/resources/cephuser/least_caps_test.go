//go:build cgo

package cephuser_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephUser_leastCaps(t *testing.T) {
	as := func(operation string) string {
		return acctest.ProviderAs(t, "east", "user-"+strings.ReplaceAll(operation, " ", "-"), acctest.LeastCaps(t, userType, operation, nil))
	}
	acctest.Bed(t)
	before := user("frugal", someCaps)
	after := user("frugal", `caps = { mon = "allow r" }`)
	keyed := user("frugal", `caps = { mon = "allow r" }`, `key = "`+cephxKey(8)+`"`)
	reader := as("read")
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: as("create") + before},
		{Config: reader + before, PlanOnly: true},
		{
			Config: reader + before, ResourceName: address, ImportState: true, ImportStateId: "east/frugal", ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"key", "key_in_state"},
		},
		{
			Config: reader + after,
			ExpectError: acctest.Message(`The caps of client.user-read, the user that the provider connects with, don't allow this. Give` +
				` it the caps`),
		},
		{Config: as("update") + after, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate)},
		{Config: as("other key") + keyed, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate)},
		{Config: as("delete") + keyed, PlanOnly: true},
		{Config: as("delete") + keyed, Destroy: true},
	}})
	if exists(t, "frugal") {
		t.Error("the user is still there")
	}
}
