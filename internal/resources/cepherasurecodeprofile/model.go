package cepherasurecodeprofile

import (
	"fmt"
	"maps"
	"regexp"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

type model struct {
	ID                 types.String   `tfsdk:"id"`
	Cluster            types.String   `tfsdk:"cluster"`
	Name               types.String   `tfsdk:"name"`
	K                  types.Int64    `tfsdk:"k"`
	M                  types.Int64    `tfsdk:"m"`
	Plugin             types.String   `tfsdk:"plugin"`
	Technique          types.String   `tfsdk:"technique"`
	CrushRoot          types.String   `tfsdk:"crush_root"`
	CrushFailureDomain types.String   `tfsdk:"crush_failure_domain"`
	CrushDeviceClass   types.String   `tfsdk:"crush_device_class"`
	StripeUnit         tfkit.Size     `tfsdk:"stripe_unit"`
	Parameters         types.Map      `tfsdk:"parameters"`
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
	return tfkit.ClusterObject{ID: m.id(), Cluster: m.Cluster, FSID: m.FSID, Object: ceph.CreatedErasureCodeProfile(m.Name.ValueString())}
}

// toSpec is the profile to create. What the plan leaves unknown is left out, and the cluster decides.
func (m *model) toSpec() ceph.ErasureCodeProfile {
	spec := ceph.ErasureCodeProfile{
		Name: m.Name.ValueString(), K: m.K.ValueInt64Pointer(), M: m.M.ValueInt64Pointer(), Plugin: m.Plugin.ValueString(),
		Technique: m.Technique.ValueString(), Root: m.CrushRoot.ValueString(), FailureDomain: m.CrushFailureDomain.ValueString(),
		DeviceClass: m.CrushDeviceClass.ValueString(), Parameters: tfkit.Texts(m.Parameters),
	}
	if bytes := m.StripeUnit.Bytes(); bytes > 0 {
		spec.StripeUnit = strconv.FormatUint(bytes, 10) // older releases don't know all spellings
	}
	return spec
}

// storedUnit is a unit as the monitors take it and keep it: K, Ki and KB are all 1024 bytes.
var storedUnit = regexp.MustCompile(`([KMGTPE])(i|B|iB)$`)

// fromAPI copies the profile from the cluster to the model: of its further parameters only those that the state has, and while it is
// imported all that the plugin has not filled in itself.
func (m *model) fromAPI(profile ceph.ErasureCodeProfile) {
	imported := m.FSID.IsNull()
	m.Name = types.StringValue(profile.Name)
	m.K, m.M = types.Int64PointerValue(profile.K), types.Int64PointerValue(profile.M)
	m.Plugin, m.Technique = tfkit.StringOrNull(profile.Plugin), tfkit.StringOrNull(profile.Technique)
	m.CrushRoot, m.CrushFailureDomain = types.StringValue(profile.Root), types.StringValue(profile.FailureDomain)
	m.CrushDeviceClass = tfkit.StringOrNull(profile.DeviceClass)
	m.StripeUnit = tfkit.SizeNull()
	if bytes, err := tfkit.ParseSize(storedUnit.ReplaceAllString(profile.StripeUnit, "$1")); err == nil {
		m.StripeUnit = tfkit.SizeOf(bytes)
	}
	chosen := maps.Clone(profile.Parameters)
	if imported {
		maps.DeleteFunc(chosen, func(key, value string) bool { return value == filledIn(profile, key) })
	}
	m.Parameters = tfkit.NamedKeys(m.Parameters, chosen, imported)
	m.ID = m.id()
}

// filledIn is the value that a plugin gives to a parameter which nobody has chosen; empty where it gives none.
func filledIn(profile ceph.ErasureCodeProfile, key string) string {
	switch {
	case key == "d" && profile.Plugin == "clay" && profile.K != nil && profile.M != nil:
		return fmt.Sprint(*profile.K + *profile.M - 1)
	case key == "c" && profile.Plugin == "shec":
		return "2"
	case key == "w" && (profile.Technique == "liberation" || profile.Technique == "blaum_roth"):
		return "7"
	}
	return map[string]string{
		"w": "8", "jerasure-per-chunk-alignment": "false", "packetsize": "2048",
		"crush-num-failure-domains": "0", "crush-osds-per-failure-domain": "0", // of every plugin, from Ceph 20.2
	}[key]
}

// fill sets what the plan left unknown from the actual profile; from an empty model, where it was not read, to null.
func (m *model) fill(actual *model) {
	tfkit.Fill(&m.Plugin, actual.Plugin)
	tfkit.Fill(&m.Technique, actual.Technique)
	tfkit.Fill(&m.CrushRoot, actual.CrushRoot)
	tfkit.Fill(&m.CrushFailureDomain, actual.CrushFailureDomain)
	m.ID = m.id()
}

// replacedBy lists the attributes whose planned value needs another profile, also those that are not known yet. Whether parameters that
// are new in the configuration do, only the profile tells: see [model.changesParameters].
func (m *model) replacedBy(plan *model) path.Paths {
	var at path.Paths
	for _, attribute := range []struct {
		name              string
		planned, recorded attr.Value
	}{
		{"name", plan.Name, m.Name},
		{"k", plan.K, m.K},
		{"m", plan.M, m.M},
		{"plugin", plan.Plugin, m.Plugin},
		{"technique", plan.Technique, m.Technique},
		{"crush_root", plan.CrushRoot, m.CrushRoot},
		{"crush_failure_domain", plan.CrushFailureDomain, m.CrushFailureDomain},
		{"crush_device_class", plan.CrushDeviceClass, m.CrushDeviceClass},
		{"stripe_unit", plan.StripeUnit, m.StripeUnit},
	} {
		if !attribute.planned.Equal(attribute.recorded) {
			at = append(at, path.Root(attribute.name))
		}
	}
	return at
}

// changesParameters tells whether the plan leaves out a recorded parameter, or gives one another value than the profile has.
func (m *model) changesParameters(plan *model, profile ceph.ErasureCodeProfile) bool {
	planned := tfkit.Texts(plan.Parameters)
	for key := range tfkit.Texts(m.Parameters) {
		if _, stays := planned[key]; !stays {
			return true
		}
	}
	for key, value := range planned {
		if profile.Parameters[key] != value {
			return true
		}
	}
	return false
}
