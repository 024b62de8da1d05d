package libvirtcephsecret

import (
	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

type model struct {
	ID             types.String   `tfsdk:"id"`
	Hypervisor     types.String   `tfsdk:"hypervisor"`
	UsageName      types.String   `tfsdk:"usage_name"`
	UUID           types.String   `tfsdk:"uuid"`
	Description    types.String   `tfsdk:"description"`
	Ephemeral      types.Bool     `tfsdk:"ephemeral"`
	Private        types.Bool     `tfsdk:"private"`
	Key            types.String   `tfsdk:"key"`
	KeyWO          types.String   `tfsdk:"key_wo"`
	KeyWOVersion   types.String   `tfsdk:"key_wo_version"`
	KeyFingerprint types.String   `tfsdk:"key_fingerprint"`
	HostUUID       types.String   `tfsdk:"host_uuid"`
	Timeouts       timeouts.Value `tfsdk:"timeouts"`
}

// identity is the resource identity.
type identity struct {
	Hypervisor types.String `tfsdk:"hypervisor"`
	UUID       types.String `tfsdk:"uuid"`
}

func (m *model) identity() identity { return identity{m.Hypervisor, m.UUID} }

// id is planned from its parts and unknown while one of them is.
func (m *model) id() types.String {
	if m.Hypervisor.IsUnknown() || m.UUID.IsUnknown() {
		return types.StringUnknown()
	}
	return types.StringValue(m.Hypervisor.ValueString() + "/" + m.UUID.ValueString())
}

// defaultUUID is the same on every host for one usage name, so that a guest finds its secret wherever it migrates to.
func defaultUUID(usageName string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("libvirt-ceph-secret:"+usageName)).String()
}

// secret is the definition that the model asks libvirt for.
func (m *model) secret() libvirt.Secret {
	return libvirt.Secret{
		UUID: libvirt.CanonicalUUID(m.UUID.ValueString()), UsageType: libvirt.UsageCeph, UsageName: m.UsageName.ValueString(),
		Description: m.Description.ValueString(), Ephemeral: m.Ephemeral.ValueBool(), Private: m.Private.ValueBool(),
	}
}

// fromAPI takes over the definition that libvirt has. Another spelling of the same UUID stays.
func (m *model) fromAPI(secret libvirt.Secret) {
	if !libvirt.SameUUID(m.UUID.ValueString(), secret.UUID) {
		m.UUID = types.StringValue(secret.UUID)
	}
	m.UsageName = types.StringValue(secret.UsageName)
	m.Description = types.StringNull()
	if secret.Description != "" {
		m.Description = types.StringValue(secret.Description)
	}
	m.Ephemeral = types.BoolValue(secret.Ephemeral)
	m.Private = types.BoolValue(secret.Private)
	m.ID = m.id()
}

// keyOf is the key of a configuration, which alone holds a write-only one.
func keyOf(config *model) ceph.Key {
	if !config.KeyWO.IsNull() {
		return tfkit.KeyOf(config.KeyWO)
	}
	return tfkit.KeyOf(config.Key)
}

// fingerprint of a key that is known and valid, else null.
func fingerprint(key types.String) types.String {
	return tfkit.StringOrNull(tfkit.KeyOf(key).Fingerprint())
}

// planFingerprint is the fingerprint that the value will have: unknown while the key is, null where the value can't be
// read back, the present one where the value is left alone. What a write-only key will be is never planned: an ephemeral
// value may be another one when the plan is applied, as in an apply that rotates the key first.
func planFingerprint(config, state, plan *model, exists bool) types.String {
	switch {
	case plan.Private.IsUnknown():
		return types.StringUnknown()
	case plan.Private.ValueBool():
		return types.StringNull()
	case config.Key.IsUnknown(), !config.KeyWO.IsNull() && writes(state, plan, exists):
		return types.StringUnknown()
	case !config.Key.IsNull():
		return fingerprint(config.Key)
	case !exists, state.Private.ValueBool():
		return types.StringUnknown()
	}
	return state.KeyFingerprint
}

// writes tells whether an apply hands a write-only key to libvirt.
func writes(state, plan *model, exists bool) bool {
	return !exists || !plan.KeyWOVersion.Equal(state.KeyWOVersion)
}

// replacedBy lists the attributes of the plan that ask for another secret in place of this one.
func (m *model) replacedBy(plan *model) []path.Path {
	var at []path.Path
	if !plan.UsageName.Equal(m.UsageName) {
		at = append(at, path.Root("usage_name"))
	}
	if plan.UUID.IsUnknown() || !libvirt.SameUUID(plan.UUID.ValueString(), m.UUID.ValueString()) {
		at = append(at, path.Root("uuid"))
	}
	if m.Private.ValueBool() && !plan.Private.IsUnknown() && !plan.Private.ValueBool() {
		at = append(at, path.Root("private"))
	}
	return at
}
