package cephpool

import (
	"maps"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

func number[T int64 | float64](n T) *T { return &n }

// vms is a pool as a cluster reports it.
func vms() ceph.Pool {
	return ceph.Pool{
		ID: 7, Name: "vms", Type: "replicated", Size: 3, MinSize: 2, PGNum: 32, PGPNum: 32, PGAutoscaleMode: "warn", CrushRule: "replicated_rule",
		QuotaMaxBytes: 10 << 30, TargetSizeRatio: number(0.2), Bulk: true, Applications: []string{"rbd"},
	}
}

func read(pool ceph.Pool) *model {
	m := &model{Cluster: types.StringValue("east"), Applications: types.SetNull(types.StringType)}
	m.fromAPI(pool)
	return m
}

func TestModelReadsWhatIsUnsetAsNull(t *testing.T) {
	m := read(vms())
	if m.ID.ValueString() != "east/vms" || m.QuotaMaxBytes.ValueString() != "10GiB" || !m.Bulk.ValueBool() {
		t.Errorf("got %+v", m)
	}
	for name, value := range map[string]interface{ IsNull() bool }{
		"quota_max_objects": m.QuotaMaxObjects, "pg_num_min": m.PGNumMin, "compression_mode": m.CompressionMode, "nodelete": m.NoDelete,
		"erasure_code_profile": m.ErasureCodeProfile,
	} {
		if !value.IsNull() {
			t.Errorf("%s is %v", name, value)
		}
	}
}

// The autoscaler decides about the placement groups of a pool that is left to it, unless it is switched off for the whole cluster.
func TestPlacementGroupsWithAnAutoscaler(t *testing.T) {
	pool := vms()
	pool.PGAutoscaleMode = "on"
	for resting, want := range map[bool]int64{false: 32, true: 64} {
		state, plan := read(pool), read(pool)
		plan.PGNum, plan.PGPNum = types.Int64Value(64), types.Int64Unknown()
		config := *plan
		config.PGPNum = types.Int64Null()
		planDerived(&config, state, plan, true, resting)
		if got := plan.PGNum.ValueInt64(); got != want || plan.PGPNum.IsUnknown() != resting {
			t.Errorf("while it rests (%t) pg_num is planned as %d, pgp_num as %s", resting, got, plan.PGPNum)
		}
	}
}

func TestModelChangesSendOnlyDifferences(t *testing.T) {
	for name, tc := range map[string]struct {
		edit func(*model)
		want map[string]string
	}{
		"nothing": {func(*model) {}, map[string]string{}},
		"same size, other unit": {
			func(m *model) { m.QuotaMaxBytes = tfkit.Size{StringValue: types.StringValue("10240M")} }, map[string]string{},
		},
		"another size": {
			func(m *model) { m.QuotaMaxBytes = tfkit.SizeOf(20 << 30) }, map[string]string{"quota_max_bytes": "21474836480"},
		},
		"a quota that ends":          {func(m *model) { m.QuotaMaxBytes = tfkit.SizeNull() }, map[string]string{"quota_max_bytes": ceph.Clear}},
		"a flag that ends":           {func(m *model) { m.Bulk = types.BoolNull() }, map[string]string{"bulk": ceph.Clear}},
		"a flag that is false again": {func(m *model) { m.NoDelete = types.BoolValue(false) }, map[string]string{}},
		"left to the cluster":        {func(m *model) { m.MinSize = types.Int64Unknown() }, map[string]string{}},
		"several": {
			func(m *model) { m.Size, m.TargetSizeRatio = types.Int64Value(2), types.Float64Value(0.5) },
			map[string]string{"size": "2", "target_size_ratio": "0.5"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			plan := read(vms())
			tc.edit(plan)
			if got := read(vms()).changes(plan); !maps.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestModelReplacedBy(t *testing.T) {
	for name, tc := range map[string]struct {
		edit func(state, plan *model)
		want []string
	}{
		"a new name":     {func(_, plan *model) { plan.Name = types.StringValue("other") }, nil},
		"another type":   {func(_, plan *model) { plan.Type = types.StringValue("erasure") }, []string{"type"}},
		"profile":        {func(_, plan *model) { plan.ErasureCodeProfile = types.StringValue("ec21") }, []string{"erasure_code_profile"}},
		"overwrites on":  {func(_, plan *model) { plan.AllowECOverwrites = types.BoolValue(true) }, nil},
		"overwrites off": {func(state, _ *model) { state.AllowECOverwrites = types.BoolValue(true) }, []string{"allow_ec_overwrites"}},
	} {
		t.Run(name, func(t *testing.T) {
			state, plan := read(vms()), read(vms())
			tc.edit(state, plan)
			var got []string
			for _, at := range state.replacedBy(plan) {
				got = append(got, at.String())
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestModelSpecLeavesUnknownToTheCluster(t *testing.T) {
	plan := read(vms())
	plan.PGNum, plan.MinSize, plan.CrushRule = types.Int64Unknown(), types.Int64Unknown(), types.StringUnknown()
	spec := plan.toSpec([]string{"rbd"})
	if spec.PGNum != nil || spec.CrushRule != "" || *spec.Size != 3 || !spec.Bulk || *spec.TargetSizeRatio != 0.2 {
		t.Errorf("got %+v", spec)
	}
	if want := map[string]string{"quota_max_bytes": "10737418240"}; !maps.Equal(spec.Settings, want) {
		t.Errorf("settings %v, want %v", spec.Settings, want)
	}
}

func TestModelFill_keepsThePlan(t *testing.T) {
	plan, actual := read(vms()), read(vms())
	plan.PGNum, plan.PoolID = types.Int64Value(64), types.Int64Unknown()
	plan.fill(actual)
	if plan.PGNum.ValueInt64() != 64 || plan.PoolID.ValueInt64() != 7 {
		t.Errorf("pg_num %v, pool_id %v", plan.PGNum, plan.PoolID)
	}
}

func TestSameRatio(t *testing.T) {
	stored := float64(float32(0.2))
	if got := sameRatio(types.Float64Value(0.2), &stored); got.ValueFloat64() != 0.2 {
		t.Errorf("recorded 0.2 became %v", got)
	}
	if got := sameRatio(types.Float64Value(0.3), &stored); got.ValueFloat64() != stored {
		t.Errorf("%v is read as %v", stored, got)
	}
}
