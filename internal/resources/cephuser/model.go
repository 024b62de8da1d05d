package cephuser

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

type model struct {
	ID             types.String   `tfsdk:"id"`
	Cluster        types.String   `tfsdk:"cluster"`
	Name           types.String   `tfsdk:"name"`
	Caps           types.Map      `tfsdk:"caps"`
	Key            types.String   `tfsdk:"key"`
	KeyWO          types.String   `tfsdk:"key_wo"`
	KeyWOVersion   types.String   `tfsdk:"key_wo_version"`
	KeyInState     types.Bool     `tfsdk:"key_in_state"`
	KeyType        types.String   `tfsdk:"key_type"`
	KeyGeneration  types.Int64    `tfsdk:"key_generation"`
	RotateInUse    types.Bool     `tfsdk:"rotate_in_use"`
	Entity         types.String   `tfsdk:"entity"`
	KeyFingerprint types.String   `tfsdk:"key_fingerprint"`
	FSID           types.String   `tfsdk:"fsid"`
	Timeouts       timeouts.Value `tfsdk:"timeouts"`
}

// identity is the resource identity.
type identity struct {
	Cluster types.String `tfsdk:"cluster"`
	Name    types.String `tfsdk:"name"`
}

func (m *model) identity() identity { return identity{m.Cluster, m.Name} }

func (m *model) id() types.String { return tfkit.JoinID(m.Cluster, m.Name) }

// object is what the resource has on the cluster.
func (m *model) object() tfkit.ClusterObject {
	return tfkit.ClusterObject{ID: m.id(), Cluster: m.Cluster, FSID: m.FSID, Object: ceph.CreatedUser(m.Name.ValueString())}
}

// sameMeaning returns the caps; each service whose caps mean the same as the recorded ones keeps the recorded spelling.
func sameMeaning(recorded, caps map[string]attr.Value) map[string]attr.Value {
	merged := make(map[string]attr.Value, len(caps))
	for service, value := range caps {
		merged[service] = value
		text, isText := value.(types.String)
		before, isThere := recorded[service].(types.String)
		if isText && isThere && !text.IsUnknown() && ceph.EqualCaps(before.ValueString(), text.ValueString()) {
			merged[service] = before
		}
	}
	return merged
}

// capsValues are the caps of a user from the cluster, by service.
func capsValues(caps map[string]string) map[string]attr.Value {
	values := make(map[string]attr.Value, len(caps))
	for service, text := range caps {
		values[service] = types.StringValue(text)
	}
	return values
}

// fromAPI copies the user from the cluster to the model. The key is left out where the state is not to contain it.
func (m *model) fromAPI(user ceph.User) {
	m.Name = types.StringValue(user.Name)
	m.Entity = types.StringValue(user.Entity)
	m.Caps = types.MapValueMust(types.StringType, sameMeaning(m.Caps.Elements(), capsValues(user.Caps)))
	m.KeyFingerprint = types.StringValue(user.Key.Fingerprint())
	m.KeyType = tfkit.StringOrNull(user.Key.Type())
	if m.KeyInState.ValueBool() {
		m.Key = tfkit.KeyText(user.Key)
	} else {
		m.Key = types.StringNull()
	}
	m.ID = m.id()
}

// fromListing copies a user from a listing, which has no keys, to the model.
func (m *model) fromListing(user ceph.UserEntry) {
	m.Name = types.StringValue(user.Name)
	m.Entity = types.StringValue(user.Entity)
	m.Caps = types.MapValueMust(types.StringType, capsValues(user.Caps))
	m.KeyType = tfkit.StringOrNull(user.KeyType)
	m.KeyFingerprint = tfkit.StringOrNull(user.KeyFingerprint)
	m.ID = m.id()
}
