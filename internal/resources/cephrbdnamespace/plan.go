package cephrbdnamespace

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// ModifyPlan finds the namespace's cluster, decides what replaces the namespace, and refuses to replace one that is not empty.
func (r *namespaceResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	const summary = "Unable to plan RBD namespace"
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
		var replaced path.Paths
		if !plan.Name.Equal(state.Name) { // also one that is not known yet
			replaced = append(replaced, path.Root("name"))
		}
		if entry.Moved {
			replaced = append(replaced, path.Root("cluster"))
		} else if moved, err := r.movesPool(ctx, entry, state, plan); err != nil {
			tfkit.AddAttributeError(&resp.Diagnostics, path.Root("pool"), summary, err)
		} else if moved {
			replaced = append(replaced, path.Root("pool"))
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

// movesPool reports whether the planned pool is another one than the namespace's.
func (r *namespaceResource) movesPool(ctx context.Context, entry tfkit.Entry[*ceph.Cluster], state, plan *model) (bool, error) {
	if plan.Pool.IsUnknown() || plan.Pool.Equal(state.Pool) || !entry.Known {
		return false, nil
	}
	found, err := find(ctx, entry.Target, state)
	if problem.Is(err, problem.NotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	same, err := r.SamePool(ctx, entry, found.Pool, plan.Pool.ValueString(), fmt.Sprintf("namespace %s", found))
	return !same, err
}

// refuseReplacement refuses in the plan to replace a namespace that is not empty.
func (r *namespaceResource) refuseReplacement(ctx context.Context, state *model, because path.Path, diags *diag.Diagnostics) {
	entry, err := r.Clusters.ResolveEntry(ctx, state.Cluster, state.FSID, diags)
	if err == nil {
		var found ceph.Namespace
		if found, err = find(ctx, entry.Target, state); err == nil {
			err = refuseUnlessEmpty(ctx, entry.Target, found, "replaced")
		}
	}
	if err != nil && !problem.Is(err, problem.NotFound) {
		tfkit.AddAttributeError(diags, because, "Replacement of a namespace that is not empty", err)
	}
}
