package cephpool

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// madeRule is the private note of the CRUSH rule that Ceph made with an erasure-coded pool and that goes with it; empty
// where Ceph took one that was there. The rule keeps its name when the pool is renamed, and pools of the default profile
// share one, so the cluster itself doesn't tell.
const madeRule = "made_crush_rule"

// privateState is what the framework's requests and responses carry beside the state.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// rulesBefore lists the rules that a pool to be created can't have brought along; nil where it will bring none.
func (m *model) rulesBefore(ctx context.Context, cluster *ceph.Cluster) ([]string, error) {
	if m.poolType() != ceph.Erasure || !m.CrushRule.IsUnknown() {
		return nil, nil
	}
	return cluster.CrushRules(ctx)
}

// noteCreated notes the rule that came with the pool.
func (m *model) noteCreated(ctx context.Context, private privateState, before []string) diag.Diagnostics {
	rule := m.CrushRule.ValueString()
	if before == nil || slices.Contains(before, rule) {
		rule = ""
	}
	return note(ctx, private, rule)
}

// noteFound notes the rule of an imported pool: one that has the pool's name is taken for its own.
func (m *model) noteFound(ctx context.Context, private privateState) diag.Diagnostics {
	noted, diags := private.GetKey(ctx, madeRule)
	if len(noted) > 0 || diags.HasError() {
		return diags
	}
	rule := m.CrushRule.ValueString()
	if m.Type.ValueString() != ceph.Erasure || rule != m.Name.ValueString() {
		rule = ""
	}
	return note(ctx, private, rule)
}

func note(ctx context.Context, private privateState, rule string) diag.Diagnostics {
	text, err := json.Marshal(rule)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to note the pool's CRUSH rule", err.Error())}
	}
	return private.SetKey(ctx, madeRule, text)
}

// notedRule is empty where the pool has no rule of its own.
func notedRule(ctx context.Context, private privateState) (rule string, diags diag.Diagnostics) {
	noted, diags := private.GetKey(ctx, madeRule)
	if len(noted) > 0 && json.Unmarshal(noted, &rule) != nil {
		rule = ""
	}
	return rule, diags
}
