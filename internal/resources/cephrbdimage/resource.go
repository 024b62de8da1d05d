// Package cephrbdimage is the resource ceph_rbd_image, and its data sources.
package cephrbdimage

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

var resourceType = tfkit.ResourceType{
	Name:           "ceph_rbd_image",
	ImportKey:      tfkit.ImportKey{Form: "CLUSTER/POOL[/NAMESPACE]/IMAGE", Attributes: []string{"cluster", "pool", "namespace", "name"}},
	ImportDefaults: tfkit.ImportDefaults{"allow_shrink": types.BoolValue(false), "force_destroy": types.BoolValue(false)},
}

// NewResource returns the resource.
func NewResource() tfkit.Resource { return &imageResource{tfkit.Base{Type: resourceType}} }

type imageResource struct{ tfkit.Base }

func (r *imageResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	const summary = "Unable to create RBD image"
	var config, plan model // the configuration is only needed for a passphrase
	if !tfkit.Get(ctx, req.Plan, &plan, &resp.Diagnostics) ||
		!plan.Encryption.IsNull() && !tfkit.Get(ctx, req.Config, &config, &resp.Diagnostics) {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, plan.Timeouts.Create, &resp.Diagnostics)
	defer cancel()
	ctx = ceph.OneMap(ctx)
	entry, err := r.Clusters.ApplyEntry(ctx, plan.Cluster, plan.FSID, &resp.Diagnostics)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	plan.Cluster, plan.FSID = entry.Label, entry.Identity
	spec := plan.toSpec()
	if spec.Encryption, err = config.newEncryption(); err != nil {
		tfkit.AddAttributeError(&resp.Diagnostics, path.Root("encryption"), summary, err)
		return
	}
	if from, isClone := plan.parent(); isClone {
		parent, err := entry.Target.Snapshot(ctx, from.Image, from.Snapshot)
		if err != nil {
			tfkit.AddAttributeError(&resp.Diagnostics, path.Root("parent"), summary, err)
			return
		}
		spec.Parent = &parent
		resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, parentKey, parent.Identity())...)
	}
	created, err := entry.Target.CreateImage(ctx, spec)
	if !created {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	r.HoldCreated(plan.FSID, ceph.CreatedImage(plan.ref()))
	if err != nil {
		// The image exists: an error now would taint it, and the next plan would destroy it.
		tfkit.AddWarning(&resp.Diagnostics, "RBD image created, but not all of its settings", err)
	}
	reading, done := tfkit.ReadBack(ctx)
	defer done()
	actual := nothingRead()
	if image, err := entry.Target.Image(reading, plan.ref()); err != nil {
		tfkit.AddWarning(&resp.Diagnostics, "RBD image not read back", err)
	} else {
		actual.fromAPI(plan.ref(), image, false)
	}
	plan.fill(&actual)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *imageResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	const summary = "Unable to read RBD image"
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
	ref, image, err := find(ctx, entry.Target, &state)
	if problem.Is(err, problem.NotFound) {
		entry.Target.CreateUndone(ctx, ceph.CreatedImage(state.ref()))
		resp.State.RemoveResource(ctx)
		return
	}
	if problem.Is(err, problem.Removing) {
		// Out of the state nothing would ever end the removal.
		tfkit.AddWarning(&resp.Diagnostics, "RBD image is half removed", err)
		return
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	imported := state.imported()
	state.FSID = entry.Identity
	warnOfMigration(entry.Target, &state, ref, image, &resp.Diagnostics)
	parent := tfkit.GetPrivate[*ceph.SnapshotID](ctx, req.Private, parentKey, &resp.Diagnostics)
	err = state.readParent(image.Parent, parent, imported, namesOfParents(ctx, entry.Target))
	named := err == nil
	if err = warnIfOrphaned(entry.Target, ref, err, &resp.Diagnostics); err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	if named && !state.Parent.IsNull() && image.Parent != nil && (parent == nil || *parent != *image.Parent) {
		resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, parentKey, image.Parent)...)
	}
	state.fromAPI(ref, image, imported)
	if answered := warnOfHeader(ctx, entry.Target, &state, &resp.Diagnostics); answered {
		entry.Target.CreateFulfilled(ctx, ceph.CreatedImage(ref))
	}
	r.ReadImport(recorded.FSID, state.object(), &resp.Diagnostics)
	tfkit.FinishRead(ctx, resp, &recorded, &state, state.identity())
}

func (r *imageResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	const summary = "Unable to update RBD image"
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
	parent := tfkit.GetPrivate[*ceph.SnapshotID](ctx, req.Private, parentKey, &resp.Diagnostics)
	parent, err = change(ctx, entry.Target, &state, &plan, parent)
	if !plan.Parent.IsNull() || !state.Parent.IsNull() {
		resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, parentKey, parent)...)
	}
	reading, done := tfkit.ReadBack(ctx)
	defer done()
	ref, image, readErr := find(reading, entry.Target, &state)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		if readErr == nil { // record what was changed before the failure
			metadata, config := state.Metadata, state.Config
			state.fromAPI(ref, image, false)
			state.Metadata = tfkit.LeftKeys(metadata, plan.Metadata, chosenMetadata(image.Metadata))
			state.Config = tfkit.LeftKeys(config, plan.Config, image.Config)
			resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
			resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
		}
		return
	}
	actual := nothingRead()
	if readErr != nil {
		tfkit.AddWarning(&resp.Diagnostics, "RBD image not read back", readErr)
	} else {
		actual.fromAPI(ref, image, false)
	}
	plan.fill(&actual)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *imageResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	const summary = "Unable to delete RBD image"
	var state model
	if !tfkit.Get(ctx, req.State, &state, &resp.Diagnostics) {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, state.Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	entry, err := r.Clusters.ResolveEntry(ctx, state.Cluster, state.FSID, &resp.Diagnostics)
	if err == nil {
		err = r.delete(ctx, entry.Target, &state, &resp.Diagnostics)
	}
	if err != nil && !problem.Is(err, problem.NotFound) {
		tfkit.AddError(&resp.Diagnostics, summary, err)
	}
}
