// Package cepherasurecodeprofile is the resource ceph_erasure_code_profile, and its data source.
package cepherasurecodeprofile

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

var resourceType = tfkit.ResourceType{
	Name:      "ceph_erasure_code_profile",
	ImportKey: tfkit.ImportKey{Form: "CLUSTER/PROFILE", Attributes: []string{"cluster", "name"}},
}

// NewResource returns the resource.
func NewResource() tfkit.Resource { return &profileResource{tfkit.Base{Type: resourceType}} }

type profileResource struct{ tfkit.Base }

func (r *profileResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	const summary = "Unable to create erasure code profile"
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
	created, err := entry.Target.CreateErasureCodeProfile(ctx, plan.toSpec())
	if !created {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	r.HoldCreated(plan.FSID, ceph.CreatedErasureCodeProfile(plan.Name.ValueString()))
	reading, done := tfkit.ReadBack(ctx)
	defer done()
	var actual model
	if profile, err := entry.Target.ErasureCodeProfile(reading, plan.Name.ValueString()); err != nil {
		// The profile exists: an error now would taint it, and the next plan would remove it.
		tfkit.AddWarning(&resp.Diagnostics, "Erasure code profile not read back", err)
	} else {
		actual.fromAPI(profile)
	}
	plan.fill(&actual)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *profileResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	const summary = "Unable to read erasure code profile"
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
	profile, err := entry.Target.ErasureCodeProfile(ctx, state.Name.ValueString())
	if problem.Is(err, problem.NotFound) {
		entry.Target.CreateUndone(ctx, ceph.CreatedErasureCodeProfile(state.Name.ValueString()))
		resp.State.RemoveResource(ctx)
		return
	}
	if err == nil && state.FSID.IsNull() && !expressible(profile) {
		err = &problem.Problem{
			Kind: problem.Unsupported,
			What: fmt.Sprintf("Erasure code profile %q on cluster %q can't be managed.", profile.Name, entry.Target.Label()),
			Why:  "It has no numbers k and m: its plugin derives them from other parameters.",
			Do:   "Leave it as it is, and refer to it by its name; the data source ceph_erasure_code_profile shows what it says.",
		}
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	state.fromAPI(profile)
	state.FSID = entry.Identity
	entry.Target.CreateFulfilled(ctx, ceph.CreatedErasureCodeProfile(profile.Name))
	r.ReadImport(recorded.FSID, state.object(), &resp.Diagnostics)
	tfkit.FinishRead(ctx, resp, &recorded, &state, state.identity())
}

// expressible tells whether the resource's arguments can say what a profile says.
func expressible(profile ceph.ErasureCodeProfile) bool { return profile.K != nil && profile.M != nil }

// Update changes nothing on the cluster: what can change in place are the label, parameters that the profile has already, and the timeouts.
func (r *profileResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	const summary = "Unable to update erasure code profile"
	var state, plan model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, plan.Timeouts.Update, &resp.Diagnostics)
	defer cancel()
	entry, err := r.Clusters.ApplyEntry(ctx, plan.Cluster, state.FSID, &resp.Diagnostics)
	var profile ceph.ErasureCodeProfile
	if err == nil {
		profile, err = entry.Target.ErasureCodeProfile(ctx, state.Name.ValueString())
	}
	if err == nil && state.changesParameters(&plan, profile) {
		err = &problem.Problem{
			Kind: problem.Refused,
			What: fmt.Sprintf("Erasure code profile %q on cluster %q has other parameters than were planned.", profile.Name, entry.Target.Label()),
			Why:  "They were not known, or were others, when the change was planned.",
			Do:   "Plan again: the plan shows then that the profile would be replaced.",
		}
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	plan.Cluster, plan.FSID = entry.Label, entry.Identity
	plan.fill(&state)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *profileResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	const summary = "Unable to remove erasure code profile"
	var state model
	if !tfkit.Get(ctx, req.State, &state, &resp.Diagnostics) {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, state.Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	entry, err := r.Clusters.ResolveEntry(ctx, state.Cluster, state.FSID, &resp.Diagnostics)
	name := state.Name.ValueString()
	if err == nil && r.KeptByReplacement(state.FSID, ceph.CreatedErasureCodeProfile(name), &resp.Diagnostics) {
		return
	}
	if err == nil {
		err = entry.Target.DeleteErasureCodeProfile(ctx, name)
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	entry.Target.CreateUndone(ctx, ceph.CreatedErasureCodeProfile(name))
}
