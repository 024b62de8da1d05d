package cephpool

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// madeRule is the private note of the CRUSH rule that Ceph made with an erasure-coded pool and that goes with it; empty
// where Ceph took one that was there. The rule keeps its name when the pool is renamed, and pools of the default profile
// share one, so the cluster itself doesn't tell.
const madeRule = "made_crush_rule"

// rulesBefore lists the rules that a pool to be created can't have brought along; nil where it will bring none.
func (m *model) rulesBefore(ctx context.Context, cluster *ceph.Cluster) ([]string, error) {
	if m.poolType() != ceph.Erasure || !m.CrushRule.IsUnknown() {
		return nil, nil
	}
	return cluster.CrushRules(ctx)
}

// noteCreated notes the rule that came with the pool.
func (m *model) noteCreated(ctx context.Context, private tfkit.PrivateStateWriter, before []string) diag.Diagnostics {
	rule := m.CrushRule.ValueString()
	if before == nil || slices.Contains(before, rule) {
		rule = ""
	}
	return tfkit.SetPrivate(ctx, private, madeRule, rule)
}

// noteFound notes the rule of an imported pool: one that has the pool's name is taken for its own.
func (m *model) noteFound(ctx context.Context, private tfkit.PrivateStateWriter) diag.Diagnostics {
	rule := m.CrushRule.ValueString()
	if m.Type.ValueString() != ceph.Erasure || rule != m.Name.ValueString() {
		rule = ""
	}
	return tfkit.SetPrivate(ctx, private, madeRule, rule)
}
