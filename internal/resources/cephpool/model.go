package cephpool

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

type model struct {
	ID                       types.String   `tfsdk:"id"`
	Cluster                  types.String   `tfsdk:"cluster"`
	Name                     types.String   `tfsdk:"name"`
	Type                     types.String   `tfsdk:"type"`
	PGNum                    types.Int64    `tfsdk:"pg_num"`
	PGPNum                   types.Int64    `tfsdk:"pgp_num"`
	PGAutoscaleMode          types.String   `tfsdk:"pg_autoscale_mode"`
	Size                     types.Int64    `tfsdk:"size"`
	MinSize                  types.Int64    `tfsdk:"min_size"`
	CrushRule                types.String   `tfsdk:"crush_rule"`
	PGNumMin                 types.Int64    `tfsdk:"pg_num_min"`
	PGNumMax                 types.Int64    `tfsdk:"pg_num_max"`
	TargetSizeBytes          tfkit.Size     `tfsdk:"target_size_bytes"`
	TargetSizeRatio          types.Float64  `tfsdk:"target_size_ratio"`
	QuotaMaxBytes            tfkit.Size     `tfsdk:"quota_max_bytes"`
	QuotaMaxObjects          types.Int64    `tfsdk:"quota_max_objects"`
	CompressionMode          types.String   `tfsdk:"compression_mode"`
	CompressionAlgorithm     types.String   `tfsdk:"compression_algorithm"`
	CompressionRequiredRatio types.Float64  `tfsdk:"compression_required_ratio"`
	CompressionMinBlobSize   tfkit.Size     `tfsdk:"compression_min_blob_size"`
	CompressionMaxBlobSize   tfkit.Size     `tfsdk:"compression_max_blob_size"`
	Bulk                     types.Bool     `tfsdk:"bulk"`
	NoDelete                 types.Bool     `tfsdk:"nodelete"`
	NoSizeChange             types.Bool     `tfsdk:"nosizechange"`
	NoPGChange               types.Bool     `tfsdk:"nopgchange"`
	ErasureCodeProfile       types.String   `tfsdk:"erasure_code_profile"`
	AllowECOverwrites        types.Bool     `tfsdk:"allow_ec_overwrites"`
	Applications             types.Set      `tfsdk:"applications"`
	Config                   types.Map      `tfsdk:"config"`
	ForceDestroy             types.Bool     `tfsdk:"force_destroy"`
	PoolID                   types.Int64    `tfsdk:"pool_id"`
	FSID                     types.String   `tfsdk:"fsid"`
	Timeouts                 timeouts.Value `tfsdk:"timeouts"`
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
	return tfkit.ClusterObject{ID: m.id(), Cluster: m.Cluster, FSID: m.FSID, Object: ceph.CreatedPool(m.Name.ValueString())}
}

// toSpec is the pool to create. What the plan leaves unknown is left out, and the cluster decides.
func (m *model) toSpec(applications []string) ceph.PoolSpec {
	return ceph.PoolSpec{
		Name: m.Name.ValueString(), Type: m.poolType(), ErasureCodeProfile: m.ErasureCodeProfile.ValueString(),
		PGNum: known(m.PGNum), PGPNum: known(m.PGPNum), PGNumMin: known(m.PGNumMin), PGNumMax: known(m.PGNumMax), Size: known(m.Size),
		TargetSizeBytes: m.TargetSizeBytes.BytesPointer(), TargetSizeRatio: m.TargetSizeRatio.ValueFloat64Pointer(),
		PGAutoscaleMode: m.PGAutoscaleMode.ValueString(), CrushRule: m.CrushRule.ValueString(), Bulk: m.Bulk.ValueBool(),
		Settings: m.laterSettings(), Applications: applications, Config: tfkit.Texts(m.Config),
	}
}

// known is a number that the plan fixes; nil for an unknown one.
func known(number types.Int64) *int64 {
	if number.IsUnknown() {
		return nil
	}
	return number.ValueInt64Pointer()
}

// poolType is the type that the configuration asks for, by type or by naming a profile.
func (m *model) poolType() string {
	if m.Type.ValueString() == "" {
		if m.ErasureCodeProfile.ValueString() != "" {
			return ceph.Erasure
		}
		return ceph.Replicated
	}
	return m.Type.ValueString()
}

// replacedBy lists the attributes whose planned value needs another pool in place of this one.
func (m *model) replacedBy(plan *model) []path.Path {
	var at []path.Path
	if !plan.Type.IsUnknown() && !plan.Type.Equal(m.Type) {
		at = append(at, path.Root("type"))
	}
	if !plan.ErasureCodeProfile.IsUnknown() && !plan.ErasureCodeProfile.Equal(m.ErasureCodeProfile) {
		at = append(at, path.Root("erasure_code_profile"))
	}
	if m.AllowECOverwrites.ValueBool() && !plan.AllowECOverwrites.IsUnknown() && !plan.AllowECOverwrites.ValueBool() {
		at = append(at, path.Root("allow_ec_overwrites"))
	}
	return at
}

// movesData lists the planned changes after which Ceph moves objects between OSDs.
func (m *model) movesData(plan *model) []string {
	var names []string
	changes := m.changes(plan)
	for _, name := range []string{"size", "crush_rule", "pg_num", "pgp_num"} {
		if _, changed := changes[name]; changed {
			names = append(names, name)
		}
	}
	return names
}

// autoscaled reports whether the cluster decides on the number of placement groups.
func (m *model) autoscaled() bool { return m.PGAutoscaleMode.ValueString() == "on" }

// fromAPI copies the pool from the cluster to the model, without its config, which [readConfig] reads. An attribute with the same value in
// another spelling keeps its spelling.
func (m *model) fromAPI(pool ceph.Pool) {
	m.Name = types.StringValue(pool.Name)
	m.Type = types.StringValue(pool.Type)
	m.PGNum = types.Int64Value(pool.PGNum)
	m.PGPNum = types.Int64Value(pool.PGPNum)
	m.PGAutoscaleMode = types.StringValue(pool.PGAutoscaleMode)
	m.Size = types.Int64Value(pool.Size)
	m.MinSize = types.Int64Value(pool.MinSize)
	m.CrushRule = types.StringValue(pool.CrushRule)
	m.PGNumMin = types.Int64PointerValue(pool.PGNumMin)
	m.PGNumMax = types.Int64PointerValue(pool.PGNumMax)
	m.TargetSizeBytes = sizeOrNull(pool.TargetSizeBytes)
	m.TargetSizeRatio = sameRatio(m.TargetSizeRatio, pool.TargetSizeRatio)
	m.QuotaMaxBytes = sizeOrNull(positive(pool.QuotaMaxBytes))
	m.QuotaMaxObjects = types.Int64PointerValue(positive(pool.QuotaMaxObjects))
	m.CompressionMode = types.StringPointerValue(pool.CompressionMode)
	m.CompressionAlgorithm = types.StringPointerValue(pool.CompressionAlgorithm)
	m.CompressionRequiredRatio = sameRatio(m.CompressionRequiredRatio, pool.CompressionRequiredRatio)
	m.CompressionMinBlobSize = sizeOrNull(pool.CompressionMinBlobSize)
	m.CompressionMaxBlobSize = sizeOrNull(pool.CompressionMaxBlobSize)
	m.Bulk = tfkit.FalseOrNull(m.Bulk, pool.Bulk)
	m.NoDelete = tfkit.FalseOrNull(m.NoDelete, pool.NoDelete)
	m.NoSizeChange = tfkit.FalseOrNull(m.NoSizeChange, pool.NoSizeChange)
	m.NoPGChange = tfkit.FalseOrNull(m.NoPGChange, pool.NoPGChange)
	m.ErasureCodeProfile = tfkit.StringOrNull(pool.ErasureCodeProfile)
	m.AllowECOverwrites = tfkit.FalseOrNull(m.AllowECOverwrites, pool.AllowECOverwrites)
	m.Applications = types.SetNull(types.StringType)
	if len(pool.Applications) > 0 {
		m.Applications = tfkit.TextSet(pool.Applications)
	}
	if m.Config.IsNull() {
		m.Config = types.MapNull(types.StringType)
	}
	m.PoolID = types.Int64Value(pool.ID)
	m.ID = m.id()
}

// fill sets what the plan left unknown from the actual pool. A value that the plan fixed stays as planned: the next refresh shows any
// difference.
func (m *model) fill(actual *model) {
	tfkit.Fill(&m.Type, actual.Type)
	tfkit.Fill(&m.PGAutoscaleMode, actual.PGAutoscaleMode)
	tfkit.Fill(&m.CrushRule, actual.CrushRule)
	tfkit.Fill(&m.ErasureCodeProfile, actual.ErasureCodeProfile)
	tfkit.Fill(&m.PGNum, actual.PGNum)
	tfkit.Fill(&m.PGPNum, actual.PGPNum)
	tfkit.Fill(&m.Size, actual.Size)
	tfkit.Fill(&m.MinSize, actual.MinSize)
	tfkit.Fill(&m.PoolID, actual.PoolID)
	m.ID = m.id()
}

// sameRatio keeps the recorded ratio where the cluster's differs only because Ceph stores it in 32 bits.
func sameRatio(recorded types.Float64, found *float64) types.Float64 {
	if found == nil {
		return types.Float64Null()
	}
	if float32(recorded.ValueFloat64()) == float32(*found) {
		return recorded
	}
	return types.Float64Value(*found)
}

func positive(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

func sizeOrNull(bytes *int64) tfkit.Size {
	if bytes == nil || *bytes < 0 {
		return tfkit.SizeNull()
	}
	return tfkit.SizeOf(uint64(*bytes))
}
