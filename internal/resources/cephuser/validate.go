package cephuser

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// ValidateConfig refuses arguments that contradict each other: a key that is in the state and must not be, and a chosen key whose type is
// not key_type.
func (r *userResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	known := !config.KeyInState.IsNull() && !config.KeyInState.IsUnknown()
	if known && !config.KeyInState.ValueBool() && !config.Key.IsNull() {
		resp.Diagnostics.AddAttributeError(path.Root("key_in_state"), "Conflicting arguments",
			"An argument that is set stands in the state, so a chosen key can't be kept out of it. Remove key or key_in_state = false.")
	}
	if known && config.KeyInState.ValueBool() && !config.KeyWO.IsNull() {
		resp.Diagnostics.AddAttributeError(path.Root("key_in_state"), "Conflicting arguments",
			"A key that is written only, key_wo, shall not stand in the state. Remove key_in_state = true, or use key.")
	}
	config.validateType(&resp.Diagnostics)
}

// validateType refuses a chosen key whose type is not key_type. A key that is known only after apply is checked by the apply.
func (m *model) validateType(diags *diag.Diagnostics) {
	if m.KeyType.IsNull() || m.KeyType.IsUnknown() {
		return
	}
	for name, key := range map[string]types.String{"key": m.Key, "key_wo": m.KeyWO} {
		if key := tfkit.KeyOf(key); key.Check() == nil && key.Type() != m.KeyType.ValueString() {
			diags.AddAttributeError(path.Root("key_type"), "Conflicting arguments", fmt.Sprintf(
				"The key that %s chooses is not of type %s. Remove key_type: a chosen key has a type of its own.", name, m.KeyType.ValueString()))
		}
	}
}

// checkVersion refuses a key_wo_version without a key_wo to write.
func (m *model) checkVersion(config, state *model, diags *diag.Diagnostics) {
	if m.KeyWOVersion.IsNull() || !config.KeyWO.IsNull() || m.KeyWOVersion.Equal(state.KeyWOVersion) {
		return
	}
	diags.AddAttributeError(path.Root("key_wo"), "Key missing",
		"key_wo_version differs from the recorded one, which asks to write key_wo, but key_wo is not set.\n\n"+
			"Set key_wo to write the key, or remove key_wo_version to leave the key alone.")
}
