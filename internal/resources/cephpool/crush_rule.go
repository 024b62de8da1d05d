package cephpool

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// madeRule is the private note of the CRUSH rule that Ceph made with an erasure-coded pool. The rule keeps the name that
// the pool had then, so nothing in the cluster tells after a rename that it belongs to the pool.
const madeRule = "made_crush_rule"

// privateState is what the framework's requests and responses carry beside the state.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// rememberRule notes the rule while it still has the pool's name.
func rememberRule(ctx context.Context, m *model, private privateState) diag.Diagnostics {
	rule := m.CrushRule.ValueString()
	if m.Type.ValueString() != ceph.Erasure || rule == "" || rule != m.Name.ValueString() {
		return nil
	}
	note, err := json.Marshal(rule)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to note the pool's CRUSH rule", err.Error())}
	}
	return private.SetKey(ctx, madeRule, note)
}

// rememberedRule is empty where none was noted.
func rememberedRule(ctx context.Context, private privateState) (rule string, diags diag.Diagnostics) {
	note, diags := private.GetKey(ctx, madeRule)
	if len(note) > 0 && json.Unmarshal(note, &rule) != nil {
		rule = ""
	}
	return rule, diags
}
