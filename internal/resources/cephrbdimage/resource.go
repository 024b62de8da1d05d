// Package cephrbdimage is the resource and the data source ceph_rbd_image.
package cephrbdimage

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// TypeName of the resource and the data source.
const TypeName = "ceph_rbd_image"

var (
	_ resource.ResourceWithConfigure   = (*imageResource)(nil)
	_ resource.ResourceWithIdentity    = (*imageResource)(nil)
	_ resource.ResourceWithImportState = (*imageResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*imageResource)(nil)
)

// NewResource returns the resource.
func NewResource() resource.Resource { return &imageResource{} }

type imageResource struct{ tfkit.Base }

func (r *imageResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = TypeName
	resp.ResourceBehavior.MutableIdentity = true // a rename is done in place
}

func (r *imageResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"cluster":   identityschema.StringAttribute{RequiredForImport: true},
		"pool":      identityschema.StringAttribute{RequiredForImport: true},
		"namespace": identityschema.StringAttribute{OptionalForImport: true},
		"name":      identityschema.StringAttribute{RequiredForImport: true},
	}}
}

// ImportState takes CLUSTER/POOL/IMAGE or CLUSTER/POOL/NAMESPACE/IMAGE.
func (r *imageResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var id identity
	if req.ID == "" {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &id)...)
	} else if parts := strings.Split(req.ID, "/"); (len(parts) == 3 || len(parts) == 4) && !strings.Contains("/"+req.ID+"/", "//") {
		id = identity{types.StringValue(parts[0]), types.StringValue(parts[1]), types.StringNull(), types.StringValue(parts[len(parts)-1])}
		if len(parts) == 4 {
			id.Namespace = types.StringValue(parts[2])
		}
	} else {
		resp.Diagnostics.AddError("Invalid import id", fmt.Sprintf("%q is not of the form CLUSTER/POOL/IMAGE or CLUSTER/POOL/NAMESPACE/IMAGE.",
			req.ID))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("cluster"), id.Cluster)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("pool"), id.Pool)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("namespace"), id.Namespace)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("name"), id.Name)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("allow_shrink"), false)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("force_destroy"), false)...)
}

func (r *imageResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	const summary = "Unable to create RBD image"
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
	created, err := entry.Target.CreateImage(ctx, plan.toSpec())
	if !created {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	if err != nil {
		// The image exists: an error now would taint it, and the next plan would destroy it.
		tfkit.AddWarning(&resp.Diagnostics, "RBD image created, but not all of its settings", err)
	}
	actual := nothingRead()
	if image, err := entry.Target.Image(ctx, plan.ref()); err != nil {
		tfkit.AddWarning(&resp.Diagnostics, "RBD image not read back", err)
	} else {
		actual.fromAPI(plan.ref(), image)
	}
	plan.settle(&actual)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *imageResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	const summary = "Unable to read RBD image"
	var state model
	if !tfkit.StartRead(ctx, req, resp, &state, state.identity) {
		return
	}
	ctx, cancel := tfkit.WithTimeout(ctx, state.Timeouts.Read, &resp.Diagnostics)
	defer cancel()
	entry, ok := r.Clusters.ReadEntry(ctx, state.Cluster, state.FSID, summary, &resp.Diagnostics)
	if !ok {
		return
	}
	ref, image, err := find(ctx, entry.Target, &state)
	if problem.Is(err, problem.NotFound) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	state.FSID = entry.Identity
	warnOfMigration(entry.Target, &state, ref, image, &resp.Diagnostics)
	state.fromAPI(ref, image)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
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
	err = change(ctx, entry.Target, &state, &plan)
	ref, image, readErr := find(ctx, entry.Target, &state)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		if readErr == nil { // what was changed before the failure stands
			state.fromAPI(ref, image)
			resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
			resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
		}
		return
	}
	actual := nothingRead()
	if readErr != nil {
		tfkit.AddWarning(&resp.Diagnostics, "RBD image not read back", readErr)
	} else {
		actual.fromAPI(ref, image)
	}
	plan.settle(&actual)
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

// find finds the image by its id, which renames of image and pool do not change, and before it is known by name.
func find(ctx context.Context, cluster *ceph.Cluster, state *model) (ceph.ImageRef, ceph.Image, error) {
	if state.ImageID.IsNull() {
		image, err := cluster.Image(ctx, state.ref())
		return state.ref(), image, err
	}
	return cluster.FindImage(ctx, ceph.KnownImage{
		ImageRef: state.ref(), PoolID: state.PoolID.ValueInt64(), ID: state.ImageID.ValueString(),
		SizeBytes: uint64(max(0, state.SizeBytes.ValueInt64())), Metadata: texts(state.Metadata),
	})
}

// warnOfMigration tells that the image is on its way to another place or layout, or has been.
func warnOfMigration(cluster *ceph.Cluster, state *model, ref ceph.ImageRef, image ceph.Image, diags *diag.Diagnostics) {
	if former := state.ImageID.ValueString(); former != "" && former != image.ID {
		diags.AddWarning("RBD image has another id", fmt.Sprintf(
			"Image %s on cluster %q had the id %s and now has %s, as a migration makes it. It is taken for the same image, because it is the other"+
				" end of the migration, or has the name, size and metadata that were recorded, and the former one is gone.\n\nIf it was not a"+
				" migration, but somebody has made another image of that name, take it out of the state: terraform state rm.", ref, cluster.Label(),
			former, image.ID))
	}
	if slices.Contains(image.Features, "migrating") {
		diags.AddWarning("RBD image is being migrated", fmt.Sprintf(
			"A migration of image %s on cluster %q is under way (rbd status %s). Until it has ended, by rbd migration execute and rbd migration"+
				" commit or by rbd migration abort, the image is neither changed nor deleted by the provider.", ref, cluster.Label(), ref))
	}
}

// change makes the image what the plan says, by what differs from the state.
func change(ctx context.Context, cluster *ceph.Cluster, state, plan *model) error {
	ref := plan.ref()
	enable, disable := state.featureChanges(plan)
	set, remove := state.metadataChanges(plan)
	renamed, resized := !plan.Name.Equal(state.Name), plan.Size.Bytes() != state.Size.Bytes()
	if renamed || resized || len(enable)+len(disable)+len(set)+len(remove) > 0 {
		before, _, err := find(ctx, cluster, state)
		if err == nil {
			err = cluster.CheckImageChange(ctx, before)
		}
		if err != nil {
			return err
		}
	}
	if !plan.Pool.Equal(state.Pool) || !plan.DataPool.Equal(state.DataPool) {
		if err := samePools(ctx, cluster, state, plan); err != nil {
			return err
		}
	}
	if renamed {
		from := ref
		from.Name = state.Name.ValueString()
		if err := cluster.RenameImage(ctx, from, plan.Name.ValueString()); err != nil {
			return err
		}
	}
	if resized {
		if err := cluster.ResizeImage(ctx, ref, plan.Size.Bytes(), plan.AllowShrink.ValueBool()); err != nil {
			return err
		}
	}
	if len(enable)+len(disable) > 0 {
		if err := cluster.SetImageFeatures(ctx, ref, enable, disable); err != nil {
			return err
		}
	}
	if len(set)+len(remove) > 0 {
		return cluster.SetImageMetadata(ctx, ref, set, remove)
	}
	return nil
}

// samePools proves that the new names of the pools are the old pools renamed.
func samePools(ctx context.Context, cluster *ceph.Cluster, state, plan *model) error {
	_, image, err := find(ctx, cluster, state)
	if err != nil {
		return err
	}
	pool, err := cluster.Pool(ctx, plan.Pool.ValueString())
	if err != nil {
		return err
	}
	if pool.ID != state.PoolID.ValueInt64() || image.DataPool != plan.DataPool.ValueString() {
		return &problem.Problem{
			Kind: problem.Refused,
			What: fmt.Sprintf("Image %s on cluster %q is in another pool than the configuration now names.", state.ref(), cluster.Label()),
			Why:  "The new name was no pool when the change was planned, so it was taken for a new name of the present one. It is not.",
			Do:   "Plan again: now that the other pool exists, the plan shows that the image would be replaced.",
		}
	}
	return nil
}

// delete deletes the image unless that would take away what somebody may still need.
func (r *imageResource) delete(ctx context.Context, cluster *ceph.Cluster, state *model, diags *diag.Diagnostics) error {
	ref, _, err := find(ctx, cluster, state)
	if err != nil {
		return err
	}
	if err := r.RefuseNamedImage(ctx, cluster, ref, diags); err != nil {
		return err
	}
	force := state.ForceDestroy.ValueBool()
	if !force {
		contents, err := cluster.ImageContents(ctx, ref)
		if err != nil {
			return err
		}
		contents.Watchers = nil // waited for by the deletion itself
		if err := refuseUnlessEmpty(cluster, ref, contents, "deleted"); err != nil {
			return err
		}
	}
	return cluster.DeleteImage(ctx, ref, force)
}

// refuseUnlessEmpty refuses an image that holds data, snapshots or clones.
func refuseUnlessEmpty(cluster *ceph.Cluster, ref ceph.ImageRef, contents ceph.ImageContents, what string) error {
	if contents.Empty() {
		return nil
	}
	do := "Where it is no longer needed, set force_destroy = true, apply, and try again then." +
		" Where the data is to live on elsewhere, copy it in one apply and remove this image in the next."
	if len(contents.Obstacles(ref)) > 0 {
		do += " force_destroy removes the image and its snapshots; what depends on them, or holds the image, has to end before."
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Image %s on cluster %q can't be %s. What it holds: %s.", ref, cluster.Label(), what, holdings(ref, contents)),
		Why:  "Nothing brings it back.",
		Do:   do,
	}
}
