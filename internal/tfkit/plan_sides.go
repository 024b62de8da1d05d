package tfkit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// PlansNoChange tells whether the plan of an object that exists is its state so far: the configuration asks for nothing else. Most plans
// are such, and need not be decoded.
func PlansNoChange(req resource.ModifyPlanRequest) bool {
	return !req.Plan.Raw.IsNull() && req.Plan.Raw.Equal(req.State.Raw)
}

// PlanSides are the configuration, the recorded state, which is empty for a resource that is to be created, and the plan so far.
type PlanSides[M any] struct {
	Config, State, Plan *M
	Exists              bool
}

// ReadPlanSides reads them. It returns false where there is nothing to plan: for a destroy, while Terraform only validates, or after an
// error.
func ReadPlanSides[M any](
	ctx context.Context, base Base, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) (PlanSides[M], bool) {
	sides := PlanSides[M]{Config: new(M), State: new(M), Plan: new(M), Exists: !req.State.Raw.IsNull()}
	if req.Plan.Raw.IsNull() || base.Connections == nil {
		return sides, false
	}
	resp.Diagnostics.Append(req.Config.Get(ctx, sides.Config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, sides.Plan)...)
	if sides.Exists {
		resp.Diagnostics.Append(req.State.Get(ctx, sides.State)...)
	}
	return sides, !resp.Diagnostics.HasError()
}
