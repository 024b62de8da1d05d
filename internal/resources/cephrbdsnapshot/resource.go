// Package cephrbdsnapshot is the resource ceph_rbd_snapshot.
package cephrbdsnapshot

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

var resourceType = tfkit.ResourceType{
	Name: "ceph_rbd_snapshot",
	ImportKey: tfkit.ImportKey{
		Form: "CLUSTER/POOL[/NAMESPACE]/IMAGE@SNAPSHOT", Attributes: []string{"cluster", "pool", "namespace", "image", "name"},
	},
}

// NewResource returns the resource.
func NewResource() tfkit.Resource { return &snapshotResource{tfkit.Base{Type: resourceType}} }

type snapshotResource struct{ tfkit.Base }

func (r *snapshotResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	const summary = "Unable to create RBD snapshot"
	var plan model
	if !tfkit.Get(ctx, req.Plan, &plan, &resp.Diagnostics) {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, plan.Timeouts.Create, &resp.Diagnostics)
	defer cancel()
	entry, err := r.Clusters.ApplyEntry(ctx, plan.Cluster, plan.FSID, &resp.Diagnostics)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	plan.Cluster, plan.FSID = entry.Label, entry.Identity
	created, err := entry.Target.CreateSnapshot(ctx, plan.image(), plan.Name.ValueString(), plan.Protected.ValueBool())
	if !created {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	r.HoldCreated(plan.FSID, ceph.CreatedSnapshot(plan.image(), plan.Name.ValueString()))
	if err != nil {
		// The snapshot exists: an error now would taint it, and the next plan would remove it.
		tfkit.AddWarning(&resp.Diagnostics, "RBD snapshot created, but not protected", err)
	}
	reading, done := tfkit.ReadBack(ctx)
	defer done()
	var actual model
	if found, err := entry.Target.Snapshot(reading, plan.image(), plan.Name.ValueString()); err != nil {
		tfkit.AddWarning(&resp.Diagnostics, "RBD snapshot not read back", err)
	} else {
		actual.fromAPI(found)
	}
	plan.fill(&actual)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *snapshotResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	const summary = "Unable to read RBD snapshot"
	var state model
	if !tfkit.StartRead(ctx, req, resp, &state, state.identity) {
		return
	}
	recorded := state
	ctx, cancel := tfkit.StartRefresh(ctx, state.Timeouts.Read, &resp.Diagnostics)
	defer cancel()
	entry, ok := r.Clusters.ReadEntry(ctx, state.Cluster, state.FSID, summary, &resp.Diagnostics)
	if !ok {
		return
	}
	found, err := find(ctx, entry.Target, &state)
	if problem.Is(err, problem.NotFound) {
		entry.Target.CreateUndone(ctx, ceph.CreatedSnapshot(state.image(), state.Name.ValueString()))
		resp.State.RemoveResource(ctx)
		return
	}
	if problem.Is(err, problem.Busy) {
		tfkit.AddWarning(&resp.Diagnostics, "Image of the RBD snapshot is being migrated", err)
		return // the state stays
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	state.FSID = entry.Identity
	state.fromAPI(found)
	entry.Target.CreateFulfilled(ctx, ceph.CreatedSnapshot(found.Image, found.Name))
	r.ReadImport(recorded.FSID, state.object(), &resp.Diagnostics)
	tfkit.FinishRead(ctx, resp, &recorded, &state, state.identity())
}

func (r *snapshotResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	const summary = "Unable to update RBD snapshot"
	var state, plan model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, plan.Timeouts.Update, &resp.Diagnostics)
	defer cancel()
	entry, err := r.Clusters.ApplyEntry(ctx, plan.Cluster, state.FSID, &resp.Diagnostics)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	plan.Cluster, plan.FSID = entry.Label, entry.Identity
	if err := change(ctx, entry.Target, &state, &plan); err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		reading, done := tfkit.ReadBack(ctx)
		defer done()
		if found, err := find(reading, entry.Target, &state); err == nil { // record what was changed before the failure
			state.fromAPI(found)
			resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
			resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
		}
		return
	}
	plan.fill(&state)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

// change renames the snapshot and changes its protection, as the plan differs from the state.
func change(ctx context.Context, cluster *ceph.Cluster, state, plan *model) error {
	found, err := find(ctx, cluster, state)
	if err != nil {
		return err
	}
	if found.Image != plan.image() {
		return &problem.Problem{
			Kind: problem.Refused,
			What: fmt.Sprintf("Snapshot %s on cluster %q is of another image than the configuration now names.", found, cluster.Label()),
			Why:  "The new name was no image when the change was planned, so it was taken for a new name of the present one. It is not.",
			Do:   "Plan again: now that the other image exists, the plan shows that the snapshot would be replaced.",
		}
	}
	if to := plan.Name.ValueString(); to != found.Name {
		if err := cluster.RenameSnapshot(ctx, found, to); err != nil {
			return err
		}
		found.Name = to
	}
	if protected := plan.Protected.ValueBool(); protected != found.Protected {
		return cluster.SetSnapshotProtection(ctx, found, protected)
	}
	return nil
}

func (r *snapshotResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	const summary = "Unable to remove RBD snapshot"
	var state model
	if !tfkit.Get(ctx, req.State, &state, &resp.Diagnostics) {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, state.Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	entry, err := r.Clusters.ResolveEntry(ctx, state.Cluster, state.FSID, &resp.Diagnostics)
	var found ceph.Snapshot
	if err == nil {
		found, err = find(ctx, entry.Target, &state)
	}
	if err == nil && r.KeptByReplacement(state.FSID, ceph.CreatedSnapshot(found.Image, found.Name), &resp.Diagnostics) {
		return
	}
	if err == nil {
		err = r.RefuseNamedSnapshot(ctx, entry.Target, found, &resp.Diagnostics)
	}
	if err == nil {
		err = entry.Target.DeleteSnapshot(ctx, found)
	}
	switch {
	case err == nil:
		entry.Target.CreateUndone(ctx, ceph.CreatedSnapshot(found.Image, found.Name))
	case !problem.Is(err, problem.NotFound):
		tfkit.AddError(&resp.Diagnostics, summary, err)
	}
}

// find finds the snapshot by its id and those of its image and its pool, which stay when these are renamed, or by its name where they are
// not known yet.
func find(ctx context.Context, cluster *ceph.Cluster, state *model) (ceph.Snapshot, error) {
	if state.SnapshotID.IsNull() {
		return cluster.Snapshot(ctx, state.image(), state.Name.ValueString())
	}
	return cluster.SnapshotByID(ctx, state.PoolID.ValueInt64(), state.Namespace.ValueString(), state.ImageID.ValueString(),
		uint64(state.SnapshotID.ValueInt64())) //nolint:gosec // counted up from 1
}
