package cephpool

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// createdRuleKey is the private state's name for the CRUSH rule that Ceph created with an erasure-coded pool, and that is deleted with it;
// empty where Ceph used an existing rule. The cluster itself can't tell: the rule keeps its name when the pool is renamed, and pools of the
// default profile share one.
const createdRuleKey = "made_crush_rule"

// withRenamedRule is the state with the planned rule where the pool has that already: its rule was renamed since the state was read, mostly
// earlier in the same apply. To give the pool the rule again would count OSDs and wait for another OSD map for nothing.
func withRenamedRule(ctx context.Context, cluster *ceph.Cluster, state, plan *model) (*model, error) {
	if plan.CrushRule.IsUnknown() || plan.CrushRule.Equal(state.CrushRule) {
		return state, nil
	}
	pool, err := findPool(ctx, cluster, state)
	if err != nil || pool.CrushRule != plan.CrushRule.ValueString() {
		return state, err
	}
	renamed := *state
	renamed.CrushRule = plan.CrushRule
	return &renamed, nil
}

// rulesBefore lists the rules before a pool is created; nil where the pool will bring no rule.
func (m *model) rulesBefore(ctx context.Context, cluster *ceph.Cluster) ([]string, error) {
	if m.poolType() != ceph.Erasure || !m.CrushRule.IsUnknown() {
		return nil, nil
	}
	return cluster.CrushRules(ctx)
}

// recordCreatedRule records the rule that was created with the pool.
func (m *model) recordCreatedRule(ctx context.Context, private tfkit.PrivateStateWriter, before []string) diag.Diagnostics {
	rule := m.CrushRule.ValueString()
	if before == nil || slices.Contains(before, rule) {
		rule = ""
	}
	return tfkit.SetPrivate(ctx, private, createdRuleKey, rule)
}

// recordImportedRule records the rule of an imported pool: a rule with the pool's name counts as the pool's own.
func (m *model) recordImportedRule(ctx context.Context, private tfkit.PrivateStateWriter) diag.Diagnostics {
	rule := m.CrushRule.ValueString()
	if m.Type.ValueString() != ceph.Erasure || rule != m.Name.ValueString() {
		rule = ""
	}
	return tfkit.SetPrivate(ctx, private, createdRuleKey, rule)
}
