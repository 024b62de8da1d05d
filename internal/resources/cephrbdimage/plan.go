package cephrbdimage

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// ModifyPlan finds the image's cluster, decides what replaces the image, and refuses what would destroy data.
func (r *imageResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
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
		tfkit.AddAttributeError(&resp.Diagnostics, path.Root("cluster"), "Unable to plan RBD image", err)
		return
	}
	plan.Cluster, plan.FSID = entry.Label, entry.Identity
	plan.ID = plan.id()
	plan.planSize()
	checkStriping(config, plan, &resp.Diagnostics)
	checkDataPool(plan, &resp.Diagnostics)
	checkObjectMap(ctx, state, plan, exists, &resp.Diagnostics)
	checkLayering(ctx, config, &resp.Diagnostics)
	if entry.Known && !plan.Config.Equal(state.Config) {
		tfkit.CheckRBDConfig(ctx, entry.Target, plan.Config, path.Root("config"), &resp.Diagnostics)
	}
	checkEncryptable(config, plan, &resp.Diagnostics)
	if !exists {
		r.PlanCreate(plan.object(), &resp.Diagnostics)
		checkNewSize(ctx, entry, config, plan, &resp.Diagnostics)
		checkPassphrase(config, &resp.Diagnostics)
		if entry.Known && !plan.ID.IsUnknown() {
			r.PlanNewImage(entry.Identity.ValueString(), plan.ref())
		}
	}
	if exists {
		replaced := state.replacedBy(ctx, plan)
		if entry.Moved {
			replaced = append(replaced, path.Root("cluster"))
		} else {
			replaced = append(replaced, r.movedPools(ctx, entry, state, plan, &resp.Diagnostics)...)
			recorded := tfkit.GetPrivate[*ceph.SnapshotID](ctx, req.Private, parentKey, &resp.Diagnostics)
			parent, err := r.planParent(ctx, entry, state, plan, recorded)
			if err != nil {
				tfkit.AddAttributeError(&resp.Diagnostics, path.Root("parent"), "Unable to plan RBD image", err)
			}
			replaced = append(replaced, parent...)
			replaced = append(replaced, planEncryption(ctx, entry, state, plan, len(replaced) > 0, &resp.Diagnostics)...)
		}
		resp.RequiresReplace = append(resp.RequiresReplace, replaced...)
		if len(replaced) > 0 { // Terraform plans the new image by another call, which checks it
			r.refuseReplacement(ctx, state, replaced[0], &resp.Diagnostics)
		} else {
			checkShrink(state, plan, &resp.Diagnostics)
			checkRename(ctx, entry, state, plan, &resp.Diagnostics)
			checkMirroring(ctx, entry, state, plan, &resp.Diagnostics)
			if !plan.ID.IsUnknown() && plan.ref() != state.ref() {
				r.PlanImageRename(entry.Identity.ValueString(), plan.ref(), state.ImageID.ValueString())
			}
		}
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// parentLimit bounds the look at a parent in a plan, which the apply does again.
const parentLimit = 10 * time.Second

// checkNewSize refuses a new image without a size, and a clone that is smaller than its parent, where that is there already.
func checkNewSize(ctx context.Context, entry tfkit.Entry[*ceph.Cluster], config, plan *model, diags *diag.Diagnostics) {
	if config.Size.IsNull() && config.Parent.IsNull() {
		diags.AddAttributeError(path.Root("size"), "Size missing",
			"A new image needs a size, such as \"30GiB\", or a parent, whose size it has then.")
	}
	parent, isClone := plan.parent()
	if !isClone || !entry.Known || plan.Size.IsNull() || plan.Size.IsUnknown() || plan.AllowShrink.ValueBool() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, parentLimit)
	defer cancel()
	snapshot, err := entry.Target.Snapshot(ctx, parent.Image, parent.Snapshot)
	if err == nil && plan.Size.Bytes() < snapshot.SizeBytes { // a snapshot that is not there is perhaps made in this apply
		diags.AddAttributeError(path.Root("size"), "Smaller than the parent", fmt.Sprintf(
			"The parent %s on cluster %q has %s, and the configuration asks for %s. What is beyond would be cut off.\n\n"+
				"Leave size out, for the parent's, or give a larger one. If the rest is not needed, set allow_shrink = true.",
			parent, entry.Target.Label(), tfkit.FormatSize(snapshot.SizeBytes), plan.Size.ValueString()))
	}
}

// planSize plans the number of bytes from the size.
func (m *model) planSize() {
	m.SizeBytes = types.Int64Unknown()
	if bytes := m.Size.Bytes(); bytes != 0 {
		m.SizeBytes = types.Int64Value(int64(bytes)) //nolint:gosec // ParseSize takes at most 8 EiB
	}
}

// movedPools are the attributes that name another pool than the image's. A name that no pool has yet is the new name of the image's pool
// where this plan renames that pool. Otherwise it is an error: the apply, which plans again, would notice too late that it is another pool.
func (r *imageResource) movedPools(
	ctx context.Context, entry tfkit.Entry[*ceph.Cluster], state, plan *model, diags *diag.Diagnostics,
) []path.Path {
	var moved []path.Path
	for _, named := range []struct {
		attribute         string
		planned, recorded types.String
		present           func(ceph.ImageRef, ceph.Image) string
	}{
		{"pool", plan.Pool, state.Pool, func(ref ceph.ImageRef, _ ceph.Image) string { return ref.Pool }},
		{"data_pool", plan.DataPool, state.DataPool, func(_ ceph.ImageRef, image ceph.Image) string { return image.DataPool }},
	} {
		if named.planned.IsUnknown() || named.planned.Equal(named.recorded) || !entry.Known {
			continue
		}
		if named.recorded.IsNull() {
			moved = append(moved, path.Root(named.attribute))
			continue
		}
		name := named.planned.ValueString()
		ref, image, err := find(ctx, entry.Target, state)
		if gone(err) {
			moved = append(moved, path.Root(named.attribute))
			continue
		}
		same := false
		if err == nil {
			present := named.present(ref, image)
			same, err = r.SamePool(ctx, entry, present, name, fmt.Sprintf("an image in pool %q", present))
		}
		if err != nil {
			tfkit.AddAttributeError(diags, path.Root(named.attribute), "Unable to plan RBD image", err)
		} else if !same {
			moved = append(moved, path.Root(named.attribute))
		}
	}
	return moved
}

// refuseReplacement refuses in the plan to replace an image that is not empty or can't be deleted.
func (r *imageResource) refuseReplacement(ctx context.Context, state *model, because path.Path, diags *diag.Diagnostics) {
	entry, err := r.Clusters.ResolveEntry(ctx, state.Cluster, state.FSID, diags)
	force := state.ForceDestroy.ValueBool()
	var ref ceph.ImageRef
	if err == nil {
		ref, _, err = find(ctx, entry.Target, state)
	}
	if err == nil && !force {
		var contents ceph.ImageContents
		if contents, err = entry.Target.ImageContents(ctx, ref, state.encryption().format); err == nil {
			err = refuseUnlessEmpty(entry.Target, ref, contents, "replaced")
		}
	}
	if _, trash := state.trash(); err == nil && trash {
		err = entry.Target.CheckImageTrash(ctx, ref)
	} else if err == nil {
		err = entry.Target.CheckImageRemoval(ctx, ref, force)
	}
	if force && !problem.Is(err, problem.Refused) {
		return // the apply checks again
	}
	if err != nil && !gone(err) {
		tfkit.AddAttributeError(diags, because, "Replacement of an image that is not empty", err)
	}
}

// checkRename refuses a name that another image has.
func checkRename(ctx context.Context, entry tfkit.Entry[*ceph.Cluster], state, plan *model, diags *diag.Diagnostics) {
	if !entry.Known || plan.Name.IsUnknown() || plan.Name.Equal(state.Name) {
		return
	}
	to := state.ref()
	to.Name = plan.Name.ValueString()
	_, err := entry.Target.Image(ctx, to)
	if err == nil {
		err = &problem.Problem{
			Kind: problem.Exists,
			What: fmt.Sprintf("Image %s on cluster %q can't be renamed to %q.", state.ref(), entry.Target.Label(), to.Name),
			Why:  "There is already an image of that name.",
			Do:   "Choose another name, or delete or rename that image in an apply before.",
		}
	}
	if !problem.Is(err, problem.NotFound) {
		tfkit.AddAttributeError(diags, path.Root("name"), "Unable to rename RBD image", err)
	}
}

// checkMirroring refuses to switch off what the image's mirroring needs.
func checkMirroring(ctx context.Context, entry tfkit.Entry[*ceph.Cluster], state, plan *model, diags *diag.Diagnostics) {
	_, disable := state.featureChanges(ctx, plan)
	if !entry.Known || !slices.Contains(disable, "journaling") {
		return
	}
	ref, _, err := find(ctx, entry.Target, state)
	if err == nil {
		err = entry.Target.CheckDisabling(ctx, ref, disable)
	}
	if err != nil && !gone(err) {
		tfkit.AddAttributeError(diags, path.Root("features"), "Unable to change RBD image", err)
	}
}

// checkShrink refuses a smaller size unless it is allowed.
func checkShrink(state, plan *model, diags *diag.Diagnostics) {
	if plan.Size.IsUnknown() || plan.Size.Bytes() >= state.Size.Bytes() {
		return
	}
	if !plan.AllowShrink.ValueBool() {
		diags.AddAttributeError(path.Root("size"), "Smaller than the image", fmt.Sprintf(
			"Image %s on cluster %q has %s, and the configuration asks for %s. That would destroy the data beyond the new end.\n\n"+
				"Write the present size or a larger one. If the data beyond is not needed, and the guest's file system was shrunk before, set"+
				" allow_shrink = true.", state.ref(), state.Cluster.ValueString(), state.Size.ValueString(), plan.Size.ValueString()))
		return
	}
	diags.AddAttributeWarning(path.Root("size"), "Data will be cut off", fmt.Sprintf(
		"Image %s on cluster %q shrinks from %s to %s. Data beyond the new end is destroyed.",
		state.ref(), state.Cluster.ValueString(), state.Size.ValueString(), plan.Size.ValueString()))
}

// checkStriping finds striping that librbd would refuse.
func checkStriping(config, plan *model, diags *diag.Diagnostics) {
	unit, object := config.StripeUnit.Bytes(), plan.ObjectSize.Bytes()
	if object == 0 && config.ObjectSize.IsNull() && config.Parent.IsNull() { // a clone has objects as large as its parent's
		object = defaultObject
	}
	if unit != 0 && object%unit != 0 {
		diags.AddAttributeError(path.Root("stripe_unit"), "Invalid striping",
			fmt.Sprintf("A stripe unit of %s does not divide the object size of %s.", config.StripeUnit.ValueString(), tfkit.FormatSize(object)))
	}
}

// checkDataPool refuses the image's own pool as the one for its data: librbd takes that for none, so the image would be read without it,
// and replaced by each plan.
func checkDataPool(plan *model, diags *diag.Diagnostics) {
	if !plan.DataPool.IsNull() && !plan.DataPool.IsUnknown() && plan.DataPool.Equal(plan.Pool) {
		diags.AddAttributeError(path.Root("data_pool"), "The image's own pool", fmt.Sprintf(
			"The image is in pool %q, and so is its data where no data_pool is given. Leave data_pool out, or name another pool.",
			plan.Pool.ValueString()))
	}
}

// checkObjectMap refuses an image that is to get object-map or fast-diff alone: librbd switches both on and off together, so each plan
// would change what the last apply has left. An image of an old release that has object-map alone stays as it is.
func checkObjectMap(ctx context.Context, state, plan *model, exists bool, diags *diag.Diagnostics) {
	if !tfkit.FullyKnown(ctx, plan.Features) || exists && plan.Features.Equal(state.Features) {
		return
	}
	if features := tfkit.Elements(plan.Features); slices.Contains(features, "object-map") && !slices.Contains(features, "fast-diff") {
		diags.AddAttributeError(path.Root("features"), "Feature missing",
			"librbd switches \"object-map\" and \"fast-diff\" on and off together. Name both, or neither.")
	}
}

// checkLayering finds features without which there is no clone. A parent that is not known yet may still turn out to be null.
func checkLayering(ctx context.Context, config *model, diags *diag.Diagnostics) {
	features := tfkit.Elements(config.Features)
	if !config.Parent.IsNull() && !config.Parent.IsUnknown() && features != nil &&
		tfkit.FullyKnown(ctx, config.Features) && !slices.Contains(features, "layering") {
		diags.AddAttributeError(path.Root("features"), "Feature missing", "An image with a parent needs the feature \"layering\".")
	}
}
