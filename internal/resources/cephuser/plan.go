package cephuser

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// ModifyPlan finds the user's cluster and plans its key.
func (r *userResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if tfkit.PlansNoChange(req) || tfkit.PlansRemoval(ctx, r.Base, req, resp, (*model).object) {
		return
	}
	sides, ok := tfkit.ReadPlanSides[model](ctx, r.Base, req, resp)
	if !ok {
		return
	}
	config, state, plan, exists := sides.Config, sides.State, sides.Plan, sides.Exists
	entry, err := r.Clusters.PlanEntry(ctx, config.Cluster, state.Cluster, state.FSID, &resp.Diagnostics)
	if err != nil {
		tfkit.AddAttributeError(&resp.Diagnostics, path.Root("cluster"), "Unable to plan Ceph user", err)
		return
	}
	plan.Cluster, plan.FSID = entry.Label, entry.Identity
	plan.ID = plan.id()
	// A write-only key is never in the state, also where ignore_changes hides it from the plan.
	hidden := exists && !state.KeyInState.ValueBool() && !config.KeyWOVersion.IsNull()
	if config.KeyInState.IsNull() && (!config.KeyWO.IsNull() || hidden) {
		plan.KeyInState = types.BoolValue(false)
	}
	plan.planKey(config, state, exists)
	plan.checkVersion(config, state, &resp.Diagnostics)
	if exists && entry.Known && (entry.Moved || plan.replacesType(config, state) || !plan.Name.Equal(state.Name)) {
		plan.checkReplacement(ctx, entry.Target, config, &resp.Diagnostics)
		if former, err := r.Clusters.Resolve(ctx, state.Cluster.ValueString(), state.FSID.ValueString(), &resp.Diagnostics); err == nil {
			r.checkOwnUser(ctx, former, state.Entity.ValueString(), path.Root("name"), &resp.Diagnostics)
		}
	}
	switch {
	case exists && entry.Moved:
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("cluster"))
	case exists && plan.replacesType(config, state):
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("key_type"))
	case exists && plan.Name.Equal(state.Name): // or else it is replaced, and no key of the former user changes
		plan.checkGeneration(state, &resp.Diagnostics)
		if entry.Known && !resp.Diagnostics.HasError() {
			r.checkKeyChange(ctx, entry.Target, config, state, plan, &resp.Diagnostics)
			r.checkCaps(ctx, entry.Target, state, plan, &resp.Diagnostics)
		}
	}
	if !exists {
		r.PlanCreate(plan.object(), &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}
