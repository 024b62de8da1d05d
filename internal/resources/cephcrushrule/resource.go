// Package cephcrushrule is the resource ceph_crush_rule, and its data source.
package cephcrushrule

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

var resourceType = tfkit.ResourceType{
	Name:      "ceph_crush_rule",
	ImportKey: tfkit.ImportKey{Form: "CLUSTER/RULE", Attributes: []string{"cluster", "name"}},
}

// NewResource returns the resource.
func NewResource() tfkit.Resource { return &ruleResource{tfkit.Base{Type: resourceType}} }

type ruleResource struct{ tfkit.Base }

func (r *ruleResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	const summary = "Unable to create CRUSH rule"
	var config, plan model
	if !tfkit.Get(ctx, req.Config, &config, &resp.Diagnostics) || !tfkit.Get(ctx, req.Plan, &plan, &resp.Diagnostics) {
		return
	}
	// Since the plan a profile may have become known.
	refuseConflicts(&config, &resp.Diagnostics)
	refuseWithoutProfile(&plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
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
	found, created, err := entry.Target.CreateCrushRule(ctx, plan.toSpec())
	if !created {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	r.HoldCreated(plan.FSID, ceph.CreatedCrushRule(plan.Name.ValueString()))
	var actual model
	if err != nil {
		// The rule exists: an error now would taint it, and the next plan would delete it.
		tfkit.AddWarning(&resp.Diagnostics, "CRUSH rule not read back", err)
	} else {
		actual.fromAPI(found)
	}
	plan.fill(&actual)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *ruleResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	const summary = "Unable to read CRUSH rule"
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
		entry.Target.CreateUndone(ctx, ceph.CreatedCrushRule(state.Name.ValueString()))
		resp.State.RemoveResource(ctx)
		return
	}
	if imported := state.Type.IsNull() && state.RuleID.IsNull(); err == nil && imported {
		err = refuseImport(entry.Target, found)
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	state.FSID = entry.Identity
	state.fromAPI(found)
	entry.Target.CreateFulfilled(ctx, ceph.CreatedCrushRule(found.Name))
	r.ReadImport(recorded.FSID, state.object(), &resp.Diagnostics)
	tfkit.FinishRead(ctx, resp, &recorded, &state, state.identity())
}

// refuseImport refuses a rule that the arguments can't express: a plan would have nothing to compare with it.
func refuseImport(cluster *ceph.Cluster, rule ceph.CrushRule) error {
	if rule.Described() {
		return nil
	}
	return &problem.Problem{
		Kind: problem.Unsupported,
		What: fmt.Sprintf("CRUSH rule %q of cluster %q can't be imported.", rule.Name, cluster.Label()),
		Why:  "Its steps do more than to choose OSDs of one class in different failure domains below one bucket. The arguments say no more.",
		Do:   "Leave it as it is, and refer to it by its name. The data source ceph_crush_rule shows its steps.",
	}
}

// Update renames the rule. What else can change in place is not on the cluster: the label, a first profile, and the timeouts.
func (r *ruleResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	const summary = "Unable to update CRUSH rule"
	var config, state, plan model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if !resp.Diagnostics.HasError() {
		refuseConflicts(&config, &resp.Diagnostics) // since the plan a profile may have become known
	}
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, plan.Timeouts.Update, &resp.Diagnostics)
	defer cancel()
	entry, err := r.Clusters.ApplyEntry(ctx, plan.Cluster, state.FSID, &resp.Diagnostics)
	var found ceph.CrushRule
	if err == nil {
		found, err = find(ctx, entry.Target, &state)
	}
	if err == nil && firstProfile(&state, &plan) {
		err = refuseOtherProfile(ctx, entry.Target, plan.ErasureCodeProfile.ValueString(), found)
	}
	if err == nil && found.Name != plan.Name.ValueString() {
		err = entry.Target.RenameCrushRule(ctx, found.Name, plan.Name.ValueString())
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	plan.Cluster, plan.FSID = entry.Label, entry.Identity
	var actual model
	actual.fromAPI(found)
	plan.fill(&actual)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *ruleResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	const summary = "Unable to delete CRUSH rule"
	var state model
	if !tfkit.Get(ctx, req.State, &state, &resp.Diagnostics) {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, state.Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	entry, err := r.Clusters.ResolveEntry(ctx, state.Cluster, state.FSID, &resp.Diagnostics)
	var found ceph.CrushRule
	if err == nil {
		found, err = find(ctx, entry.Target, &state)
	}
	if err == nil && r.KeptByReplacement(state.FSID, ceph.CreatedCrushRule(found.Name), &resp.Diagnostics) {
		return
	}
	if err == nil {
		err = refuseUsed(ctx, entry.Target, found.Name, "deleted")
	}
	if err == nil {
		err = entry.Target.DeleteCrushRule(ctx, found.Name)
	}
	switch {
	case err == nil:
		entry.Target.CreateUndone(ctx, ceph.CreatedCrushRule(found.Name))
	case !problem.Is(err, problem.NotFound):
		tfkit.AddError(&resp.Diagnostics, summary, err)
	}
}

// find finds the rule by its id, which stays when it is renamed, or by its name where the id is not known yet.
func find(ctx context.Context, cluster *ceph.Cluster, state *model) (ceph.CrushRule, error) {
	if state.RuleID.IsNull() {
		return cluster.CrushRule(ctx, state.Name.ValueString())
	}
	return cluster.SameCrushRule(ctx, state.recorded())
}
