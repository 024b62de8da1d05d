package libvirtcephsecret

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
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

func (m *model) id() types.String { return tfkit.JoinID(m.Hypervisor, m.UUID) }

// owned is the secret as one that only one resource can have.
func (m *model) owned() tfkit.HostSecret {
	return tfkit.HostSecret{Type: tfkit.CephSecret, Hypervisor: m.Hypervisor, HostUUID: m.HostUUID, UUID: m.UUID}
}

// arguments are those that make another secret of it.
func (m *model) arguments() tfkit.SecretArguments {
	return tfkit.SecretArguments{Usage: m.UsageName, UUID: m.UUID, Private: m.Private}
}

// secret is the definition that the model describes.
func (m *model) secret() libvirt.Secret {
	return libvirt.Secret{
		UUID: libvirt.CanonicalUUID(m.UUID.ValueString()), UsageType: libvirt.UsageCeph, UsageName: m.UsageName.ValueString(),
		Description: m.Description.ValueString(), Ephemeral: m.Ephemeral.ValueBool(), Private: m.Private.ValueBool(),
	}
}

// fromAPI copies libvirt's definition to the model. Another spelling of the same UUID stays.
func (m *model) fromAPI(secret libvirt.Secret) {
	if !libvirt.SameUUID(m.UUID.ValueString(), secret.UUID) {
		m.UUID = types.StringValue(secret.UUID)
	}
	m.UsageName = types.StringValue(secret.UsageName)
	m.Description = tfkit.StringOrNull(secret.Description)
	m.Ephemeral = types.BoolValue(secret.Ephemeral)
	m.Private = types.BoolValue(secret.Private)
	m.ID = m.id()
}

// keyOf is the key in a configuration. Only the configuration contains a write-only key.
func keyOf(config *model) ceph.Key {
	if !config.KeyWO.IsNull() {
		return tfkit.KeyOf(config.KeyWO)
	}
	return tfkit.KeyOf(config.Key)
}

// fingerprint of a key; null where the key is unknown or invalid.
func fingerprint(key types.String) types.String {
	return tfkit.StringOrNull(tfkit.KeyOf(key).Fingerprint())
}

// planFingerprint is the fingerprint that the value will have: unknown while the key is unknown, null where the value can't be read back,
// the present one where the value does not change. A write-only key is never planned: an ephemeral value may be different at the apply, for
// example where the apply rotates the key first.
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

// writes reports whether an apply writes a write-only key.
func writes(state, plan *model, exists bool) bool {
	return !exists || !plan.KeyWOVersion.Equal(state.KeyWOVersion)
}
