package cepherasurecodeprofile

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// ModifyPlan finds the profile's cluster, decides what replaces the profile, and refuses to replace one that pools were made with.
func (r *profileResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	const summary = "Unable to plan erasure code profile"
	if tfkit.PlansNoChange(req) || tfkit.PlansRemoval(ctx, r.Base, req, resp, (*model).object) {
		return
	}
	sides, ok := tfkit.ReadPlanSides[model](ctx, r.Base, req, resp)
	if !ok {
		return
	}
	state, plan := sides.State, sides.Plan
	entry, err := r.Clusters.PlanEntry(ctx, sides.Config.Cluster, state.Cluster, state.FSID, &resp.Diagnostics)
	if err != nil {
		tfkit.AddAttributeError(&resp.Diagnostics, path.Root("cluster"), summary, err)
		return
	}
	plan.Cluster, plan.FSID = entry.Label, entry.Identity
	plan.ID = plan.id()
	if sides.Exists {
		replaced := state.replacedBy(plan)
		if entry.Moved {
			replaced = append(replaced, path.Root("cluster"))
		} else if changed, err := parametersChanged(ctx, entry, state, plan); err != nil {
			tfkit.AddAttributeError(&resp.Diagnostics, path.Root("parameters"), summary, err)
		} else if changed {
			replaced = append(replaced, path.Root("parameters"))
		}
		resp.RequiresReplace = replaced
		if len(replaced) > 0 {
			r.refuseReplacement(ctx, state, replaced[0], &resp.Diagnostics)
		}
	}
	if !sides.Exists {
		r.PlanCreate(plan.object(), &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// parametersChanged tells whether the plan asks for other parameters than the profile has, also for such as are not known yet.
func parametersChanged(ctx context.Context, entry tfkit.Entry[*ceph.Cluster], state, plan *model) (bool, error) {
	if plan.Parameters.Equal(state.Parameters) || !entry.Known {
		return false, nil
	}
	if !tfkit.FullyKnown(ctx, plan.Parameters) {
		return true, nil
	}
	profile, err := entry.Target.ErasureCodeProfile(ctx, state.Name.ValueString())
	if problem.Is(err, problem.NotFound) {
		return true, nil
	}
	return state.changesParameters(plan, profile), err
}

// refuseReplacement refuses in the plan to replace a profile that pools were made with.
func (r *profileResource) refuseReplacement(ctx context.Context, state *model, because path.Path, diags *diag.Diagnostics) {
	entry, err := r.Clusters.ResolveEntry(ctx, state.Cluster, state.FSID, diags)
	if err == nil {
		err = entry.Target.CheckErasureCodeProfileRemoval(ctx, state.Name.ValueString())
	}
	if err != nil {
		tfkit.AddAttributeError(diags, because, "Replacement of an erasure code profile that is in use", err)
	}
}
