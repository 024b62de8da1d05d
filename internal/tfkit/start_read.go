package tfkit

import (
	"context"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// values are a configuration, a plan or a state.
type values interface {
	Get(ctx context.Context, into any) diag.Diagnostics
}

// Get reads a configuration, a plan or a state into a model. It returns false where there was an error, also an earlier one.
func Get(ctx context.Context, from values, into any, diags *diag.Diagnostics) bool {
	diags.Append(from.Get(ctx, into)...)
	return !diags.HasError()
}

// StartRead reads the state at the beginning of a Read and sets the identity in the response. It returns false after an error.
func StartRead[I any](ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse, state any, identity func() I) bool {
	resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	// Terraform before 1.12 stores no identity, and the framework needs one after each read, also of an object that is gone.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, identity())...)
	return !resp.Diagnostics.HasError()
}

// FinishRead sets what was read in the response at the end of a Read, if anything differs from what StartRead has read: to encode a model
// costs as much as the rest of the read.
func FinishRead[M, I any](ctx context.Context, resp *resource.ReadResponse, recorded, read M, identity I) {
	if reflect.DeepEqual(recorded, read) {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, read)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, identity)...)
}
