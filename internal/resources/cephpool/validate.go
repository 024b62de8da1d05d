package cephpool

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ resource.ResourceWithValidateConfig = (*poolResource)(nil)

// ValidateConfig refuses pairs of arguments that contradict each other.
func (r *poolResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	notAbove(&resp.Diagnostics, "pgp_num", config.PGPNum, "pg_num", config.PGNum)
	notAbove(&resp.Diagnostics, "pg_num_min", config.PGNumMin, "pg_num_max", config.PGNumMax)
	notAbove(&resp.Diagnostics, "pg_num_min", config.PGNumMin, "pg_num", config.PGNum)
	notAbove(&resp.Diagnostics, "pg_num", config.PGNum, "pg_num_max", config.PGNumMax)
	checkConfig(ctx, &config, &resp.Diagnostics)
	smallest, largest := config.CompressionMinBlobSize, config.CompressionMaxBlobSize
	if largest.Bytes() != 0 && smallest.Bytes() > largest.Bytes() {
		contradiction(&resp.Diagnostics, "compression_min_blob_size", smallest.ValueString(), "compression_max_blob_size", largest.ValueString())
	}
}

// notAbove refuses a number that is larger than its bound.
func notAbove(diags *diag.Diagnostics, name string, value types.Int64, bound string, limit types.Int64) {
	if !limit.IsNull() && !limit.IsUnknown() && value.ValueInt64() > limit.ValueInt64() {
		contradiction(diags, name, fmt.Sprint(value.ValueInt64()), bound, fmt.Sprint(limit.ValueInt64()))
	}
}

func contradiction(diags *diag.Diagnostics, name, value, bound, limit string) {
	diags.AddAttributeError(path.Root(name), "Contradicting arguments",
		fmt.Sprintf("%s is %s, and %s only %s. Lower the one or raise the other.", name, value, bound, limit))
}
