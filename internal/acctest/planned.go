//go:build cgo

package acctest

import (
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// Planned returns what makes the plan check of a step: that a resource, by its address, is planned for an action.
func Planned(address string) func(plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return func(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}}
	}
}
