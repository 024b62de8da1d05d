package cephcrushrule

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

var _ resource.ResourceWithValidateConfig = (*ruleResource)(nil)

// ValidateConfig refuses arguments that an erasure code profile decides.
func (r *ruleResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !resp.Diagnostics.HasError() {
		refuseConflicts(&config, &resp.Diagnostics)
	}
}

// refuseConflicts refuses what contradicts the profile. One that is not known yet may still turn out to be null.
func refuseConflicts(config *model, diags *diag.Diagnostics) {
	profile := config.ErasureCodeProfile
	if profile.IsNull() || profile.IsUnknown() {
		return
	}
	for name, value := range map[string]types.String{
		"root": config.Root, "failure_domain": config.FailureDomain, "device_class": config.DeviceClass,
	} {
		if !value.IsNull() && !value.IsUnknown() {
			diags.AddAttributeError(path.Root(name), "Argument that the profile decides", fmt.Sprintf(
				"A rule that is made from an erasure code profile has the %s that the profile says. Leave %[1]s out, or erasure_code_profile.", name))
		}
	}
	if config.Type.ValueString() == ceph.Replicated {
		diags.AddAttributeError(atProfile, "Argument of an erasure-coded rule",
			"A replicated rule is not made from an erasure code profile. Set type = \"erasure\", or leave the profile out.")
	}
}
