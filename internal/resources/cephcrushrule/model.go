package cephcrushrule

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

type model struct {
	ID                 types.String   `tfsdk:"id"`
	Cluster            types.String   `tfsdk:"cluster"`
	Name               types.String   `tfsdk:"name"`
	Type               types.String   `tfsdk:"type"`
	Root               types.String   `tfsdk:"root"`
	FailureDomain      types.String   `tfsdk:"failure_domain"`
	DeviceClass        types.String   `tfsdk:"device_class"`
	ErasureCodeProfile types.String   `tfsdk:"erasure_code_profile"`
	RuleID             types.Int64    `tfsdk:"rule_id"`
	FSID               types.String   `tfsdk:"fsid"`
	Timeouts           timeouts.Value `tfsdk:"timeouts"`
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
	return tfkit.ClusterObject{ID: m.id(), Cluster: m.Cluster, FSID: m.FSID, Object: ceph.CreatedCrushRule(m.Name.ValueString())}
}

// toSpec is the rule to create. Without a type it is what the profile says, which was unknown in the plan then.
func (m *model) toSpec() ceph.CrushRuleSpec {
	spec := ceph.CrushRuleSpec{
		Name: m.Name.ValueString(), Type: m.Type.ValueString(), Root: m.Root.ValueString(), FailureDomain: m.FailureDomain.ValueString(),
		DeviceClass: m.DeviceClass.ValueString(), ErasureCodeProfile: m.ErasureCodeProfile.ValueString(),
	}
	if spec.ErasureCodeProfile != "" {
		spec.Type = ceph.Erasure
		return spec
	}
	for field, initial := range map[*string]string{&spec.Type: ceph.Replicated, &spec.Root: defaultRoot, &spec.FailureDomain: defaultDomain} {
		if *field == "" {
			*field = initial
		}
	}
	return spec
}

// recorded is the rule as it was last read.
func (m *model) recorded() ceph.CrushRule {
	return ceph.CrushRule{
		ID: m.RuleID.ValueInt64(), Name: m.Name.ValueString(), Type: m.Type.ValueString(), Root: m.Root.ValueString(),
		FailureDomain: m.FailureDomain.ValueString(), DeviceClass: m.DeviceClass.ValueString(),
	}
}

// fromAPI copies the rule from the cluster to the model.
func (m *model) fromAPI(found ceph.CrushRule) {
	m.Name = types.StringValue(found.Name)
	m.Type = tfkit.StringOrNull(found.PoolType())
	m.Root = tfkit.StringOrNull(found.Root)
	m.FailureDomain = tfkit.StringOrNull(found.FailureDomain)
	m.DeviceClass = tfkit.StringOrNull(found.DeviceClass)
	m.RuleID = types.Int64Value(found.ID)
	m.ID = m.id()
}

// fill sets what the plan left unknown from what was read, or to null where nothing was read.
func (m *model) fill(actual *model) {
	tfkit.Fill(&m.Type, actual.Type)
	tfkit.Fill(&m.Root, actual.Root)
	tfkit.Fill(&m.FailureDomain, actual.FailureDomain)
	tfkit.Fill(&m.DeviceClass, actual.DeviceClass)
	tfkit.Fill(&m.RuleID, actual.RuleID)
	m.ID = m.id()
}

// replacedBy lists the attributes whose planned value needs another rule in place of this one. The profile is stored nowhere, so where none
// is recorded it may be any.
func (m *model) replacedBy(config, plan *model) []path.Path {
	var at []path.Path
	saysType := atType
	if config.Type.IsNull() {
		saysType = atProfile
	}
	if !m.ErasureCodeProfile.IsNull() && !plan.ErasureCodeProfile.Equal(m.ErasureCodeProfile) {
		at = append(at, atProfile)
	}
	for _, attribute := range []struct {
		at           path.Path
		now, planned types.String
	}{
		{saysType, m.Type, plan.Type},
		{path.Root("root"), m.Root, plan.Root},
		{path.Root("failure_domain"), m.FailureDomain, plan.FailureDomain},
		{path.Root("device_class"), m.DeviceClass, plan.DeviceClass},
	} {
		if !attribute.planned.Equal(attribute.now) { // also one that is not known yet
			at = append(at, attribute.at)
		}
	}
	return at
}
