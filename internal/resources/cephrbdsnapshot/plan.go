package cephrbdsnapshot

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

// ModifyPlan finds the snapshot's cluster, decides what replaces the snapshot, and refuses to replace one that can't be removed.
func (r *snapshotResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	const summary = "Unable to plan RBD snapshot"
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
		if !plan.Namespace.Equal(state.Namespace) { // also one that is not known yet
			replaced = append(replaced, path.Root("namespace"))
		}
		if entry.Moved {
			replaced = append(replaced, path.Root("cluster"))
		} else if moved, err := r.movesImage(ctx, entry, state, plan); err != nil {
			tfkit.AddAttributeError(&resp.Diagnostics, changedPart(state, plan), summary, err)
		} else if moved {
			replaced = append(replaced, changedPart(state, plan))
		}
		resp.RequiresReplace = replaced
		if len(replaced) > 0 {
			r.refuseReplacement(ctx, state, replaced[0], &resp.Diagnostics)
		} else if !plan.ID.IsUnknown() && plan.ref() != state.ref() {
			r.PlanSnapshotRename(entry.Identity.ValueString(), plan.ref(), state.snapshotID())
		}
	}
	if !sides.Exists {
		r.PlanCreate(plan.object(), &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// changedPart is the argument that names another image, or another pool.
func changedPart(state, plan *model) path.Path {
	if plan.Image.Equal(state.Image) {
		return path.Root("pool")
	}
	return path.Root("image")
}

// movesImage reports whether the planned image is another one than the snapshot's. A name that no image has yet is the new name of the
// snapshot's image where this plan renames that, or its pool. Otherwise it is an error, since only the image tells what is meant.
func (r *snapshotResource) movesImage(ctx context.Context, entry tfkit.Entry[*ceph.Cluster], state, plan *model) (bool, error) {
	unknown := plan.Pool.IsUnknown() || plan.Image.IsUnknown() || plan.Namespace.IsUnknown()
	to := plan.image()
	if unknown || to == state.image() || to.Namespace != state.Namespace.ValueString() || !entry.Known {
		return false, nil
	}
	found, err := find(ctx, entry.Target, state)
	if problem.Is(err, problem.NotFound) {
		return true, nil
	}
	fsid := entry.Identity.ValueString()
	if err != nil || to == found.Image || r.PlannedImage(fsid, to) == found.ImageID {
		return false, err
	}
	if pool, planned := r.PlannedPool(fsid, to.Pool); planned && pool == found.PoolID && to.Name == found.Image.Name {
		return false, nil
	}
	_, err = entry.Target.Image(ctx, to)
	if problem.Is(err, problem.NotFound) {
		err = &problem.Problem{
			Kind: problem.Refused,
			What: fmt.Sprintf("Cluster %q has no image %s yet, so what becomes of snapshot %s can't be planned.", entry.Target.Label(), to, found),
			Why:  "The snapshot's image would be renamed, or the snapshot be replaced by one of another image, and only the image tells which.",
			Do: "Correct the name. Where the image is to be made, make it in one apply and its snapshot in the next. Where it is renamed, name it" +
				" here as an attribute of its ceph_rbd_image resource, so that the image is planned first.",
		}
	}
	return err == nil, err
}

// refuseReplacement refuses in the plan to replace a snapshot that can't be removed.
func (r *snapshotResource) refuseReplacement(ctx context.Context, state *model, because path.Path, diags *diag.Diagnostics) {
	entry, err := r.Clusters.ResolveEntry(ctx, state.Cluster, state.FSID, diags)
	if err == nil {
		var found ceph.Snapshot
		if found, err = find(ctx, entry.Target, state); err == nil {
			err = entry.Target.CheckSnapshotRemoval(ctx, found)
		}
	}
	if err != nil && !problem.Is(err, problem.NotFound) {
		tfkit.AddAttributeError(diags, because, "Replacement of a snapshot that is needed", err)
	}
}
