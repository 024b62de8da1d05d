package tfkit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

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
