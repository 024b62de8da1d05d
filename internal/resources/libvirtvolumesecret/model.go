package libvirtvolumesecret

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// missingValue is the version of a secret that has no value any more.
const missingValue = "missing"

type model struct {
	ID                  types.String   `tfsdk:"id"`
	Hypervisor          types.String   `tfsdk:"hypervisor"`
	Volume              types.String   `tfsdk:"volume"`
	UUID                types.String   `tfsdk:"uuid"`
	Description         types.String   `tfsdk:"description"`
	Ephemeral           types.Bool     `tfsdk:"ephemeral"`
	Private             types.Bool     `tfsdk:"private"`
	PassphraseWO        types.String   `tfsdk:"passphrase_wo"`
	PassphraseWOVersion types.String   `tfsdk:"passphrase_wo_version"`
	HostUUID            types.String   `tfsdk:"host_uuid"`
	Timeouts            timeouts.Value `tfsdk:"timeouts"`
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
	return tfkit.HostSecret{Type: tfkit.VolumeSecret, Hypervisor: m.Hypervisor, HostUUID: m.HostUUID, UUID: m.UUID}
}

// arguments are those that make another secret of it.
func (m *model) arguments() tfkit.SecretArguments {
	return tfkit.SecretArguments{Usage: m.Volume, UUID: m.UUID, Private: m.Private}
}

// secret is the definition that the model describes.
func (m *model) secret() libvirt.Secret {
	return libvirt.Secret{
		UUID: libvirt.CanonicalUUID(m.UUID.ValueString()), UsageType: libvirt.UsageVolume, UsageName: m.Volume.ValueString(),
		Description: m.Description.ValueString(), Ephemeral: m.Ephemeral.ValueBool(), Private: m.Private.ValueBool(),
	}
}

// fromAPI copies libvirt's definition to the model. Another spelling of the same UUID stays.
func (m *model) fromAPI(secret libvirt.Secret) {
	if !libvirt.SameUUID(m.UUID.ValueString(), secret.UUID) {
		m.UUID = types.StringValue(secret.UUID)
	}
	m.Volume = types.StringValue(secret.UsageName)
	m.Description = tfkit.StringOrNull(secret.Description)
	m.Ephemeral = types.BoolValue(secret.Ephemeral)
	m.Private = types.BoolValue(secret.Private)
	m.ID = m.id()
}

// writesOver reports whether the plan has the passphrase written to a secret that exists. It follows from the version alone, since nothing
// is kept of the passphrase, of which it could be told whether it is another one.
func (m *model) writesOver(state *model) bool {
	return !m.PassphraseWOVersion.IsNull() && !m.PassphraseWOVersion.Equal(state.PassphraseWOVersion)
}
