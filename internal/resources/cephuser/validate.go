package cephuser

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// outOfState is the validator of key_in_state: it refuses a key that is in the state and must not be. A key that is not known yet may still
// turn out to be null.
type outOfState struct{ tfkit.Described }

// ValidateBool is called by the framework.
func (outOfState) ValidateBool(ctx context.Context, req validator.BoolRequest, resp *validator.BoolResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	var key, keyWO types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("key"), &key)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("key_wo"), &keyWO)...)
	if !req.ConfigValue.ValueBool() && !key.IsNull() && !key.IsUnknown() {
		resp.Diagnostics.AddAttributeError(req.Path, "Conflicting arguments",
			"An argument that is set stands in the state, so a chosen key can't be kept out of it. Remove key or key_in_state = false.")
	}
	if req.ConfigValue.ValueBool() && !keyWO.IsNull() && !keyWO.IsUnknown() {
		resp.Diagnostics.AddAttributeError(req.Path, "Conflicting arguments",
			"A key that is written only, key_wo, shall not stand in the state. Remove key_in_state = true, or use key.")
	}
}

// typeOfChosen is the validator of key_type: it refuses a chosen key whose type is not key_type.
type typeOfChosen struct{ tfkit.Described }

// ValidateString is called by the framework.
func (typeOfChosen) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	config := model{KeyType: req.ConfigValue}
	if config.KeyType.IsNull() {
		return
	}
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("key"), &config.Key)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("key_wo"), &config.KeyWO)...)
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
