package tfkit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Fill replaces a value that the plan left unknown by the actual one. A value that the plan fixed stays as planned: the next
// refresh shows any difference.
func Fill[T attr.Value](planned *T, actual T) {
	if (*planned).IsUnknown() {
		*planned = actual
	}
}

// StringOrNull is a text of which an empty one is as good as none.
func StringOrNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}

// CountOrNull is a count, null for 0.
func CountOrNull(n uint) types.Int64 {
	if n == 0 {
		return types.Int64Null()
	}
	return types.Int64Value(int64(n)) //nolint:gosec // counts are small
}

// TrueOrNull is a flag, null where it isn't set.
func TrueOrNull(flag bool) types.Bool {
	if !flag {
		return types.BoolNull()
	}
	return types.BoolValue(true)
}

// values are a configuration, a plan or a state.
type values interface {
	Get(ctx context.Context, into any) diag.Diagnostics
}

// Get reads a configuration, a plan or a state into a model, and tells whether all went well so far.
func Get(ctx context.Context, from values, into any, diags *diag.Diagnostics) bool {
	diags.Append(from.Get(ctx, into)...)
	return !diags.HasError()
}

// StartRead reads the state that a Read begins with, gives its identity back, and tells whether all went well.
func StartRead[I any](ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse, state any, identity func() I) bool {
	resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	// Also for what is gone or not read: Terraform before 1.12 stores no identity, and the framework wants one after each read.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, identity())...)
	return !resp.Diagnostics.HasError()
}

// PlanSides are what a plan is made of: the configuration, the recorded state, which is empty for a resource that is to be
// created, and the plan so far.
type PlanSides[M any] struct {
	Config, State, Plan *M
	Exists              bool
}

// ReadPlanSides reads them. There is nothing to plan for a destroy, or while Terraform only validates.
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
