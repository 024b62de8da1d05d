// Package cephpool is the resource ceph_pool, and its data sources.
package cephpool

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// madeRuleKey is the private state's name for the CRUSH rule that Ceph made with an erasure-coded pool, and that is deleted with it; empty
// where Ceph used an existing rule.
const madeRuleKey = "made_crush_rule"

// foundRuleKey is the private state's name for the CRUSH rule that an imported pool had, where the rule had the pool's name. It is left
// when the pool is deleted.
const foundRuleKey = "found_crush_rule"

var resourceType = tfkit.ResourceType{
	Name:           "ceph_pool",
	ImportKey:      tfkit.ImportKey{Form: "CLUSTER/POOL", Attributes: []string{"cluster", "name"}},
	ImportDefaults: tfkit.ImportDefaults{"force_destroy": types.BoolValue(false)},
}

// NewResource returns the resource.
func NewResource() tfkit.Resource { return &poolResource{tfkit.Base{Type: resourceType}} }

type poolResource struct{ tfkit.Base }

func (r *poolResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	const summary = "Unable to create Ceph pool"
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

	made, err := entry.Target.CreatePool(ctx, plan.toSpec(tfkit.Elements(plan.Applications)))
	if !made.Created {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	r.HoldCreated(plan.FSID, ceph.CreatedPool(plan.Name.ValueString()))
	if err != nil {
		// The pool exists: an error now would taint it, and the next plan would destroy it.
		tfkit.AddWarning(&resp.Diagnostics, "Ceph pool created, but not as it was asked for", err)
	}
	r.fillFromCluster(ctx, entry.Target, &plan, &resp.Diagnostics)
	if made.MadeRule != nil { // or else the next refresh records it
		resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, madeRuleKey, *made.MadeRule)...)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *poolResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	const summary = "Unable to read Ceph pool"
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
	pool, err := findPool(ctx, entry.Target, &state)
	if problem.Is(err, problem.NotFound) {
		entry.Target.CreateUndone(ctx, ceph.CreatedPool(state.Name.ValueString()))
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	// One that was created, and could not be read back, has no id either, and is none that is imported.
	imported := state.PoolID.IsNull() && state.FSID.IsNull()
	state.FSID = entry.Identity
	state.fromAPI(pool)
	if imported || !state.Config.IsNull() { // of all others nothing more is read
		state.readConfig(ctx, entry.Target, pool, imported, &resp.Diagnostics)
	}
	entry.Target.CreateFulfilled(ctx, ceph.CreatedPool(pool.Name))
	rule, diags := req.Private.GetKey(ctx, madeRuleKey)
	resp.Diagnostics.Append(diags...)
	if len(rule) == 0 {
		own := pool.RuleOfItsName()
		if imported {
			// Nothing tells whether Ceph made the rule with the pool, or somebody before it, by hand or as a ceph_crush_rule.
			resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, foundRuleKey, own)...)
			own = ""
		}
		resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, madeRuleKey, own)...)
	}
	r.ReadImport(recorded.FSID, state.object(), &resp.Diagnostics)
	tfkit.FinishRead(ctx, resp, &recorded, &state, state.identity())
}

func (r *poolResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	const summary = "Unable to update Ceph pool"
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
	if err := change(ctx, entry.Target, &state, &plan, &resp.Diagnostics); err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		r.saveActual(ctx, entry.Target, &state, &plan, resp)
		return
	}
	r.fillFromCluster(ctx, entry.Target, &plan, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *poolResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	const summary = "Unable to delete Ceph pool"
	var state model
	if !tfkit.Get(ctx, req.State, &state, &resp.Diagnostics) {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, state.Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	entry, err := r.Clusters.ResolveEntry(ctx, state.Cluster, state.FSID, &resp.Diagnostics)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	pool, err := findPool(ctx, entry.Target, &state)
	if err == nil && r.KeptByReplacement(state.FSID, ceph.CreatedPool(pool.Name), &resp.Diagnostics) {
		return
	}
	if err == nil {
		err = r.mayDelete(ctx, entry.Target, pool, state.ForceDestroy.ValueBool(), &resp.Diagnostics)
	}
	var leavings []string
	if err == nil && state.ForceDestroy.ValueBool() {
		leavings, err = entry.Target.PoolLeavings(ctx, pool)
	}
	if err == nil {
		err = entry.Target.DeletePool(ctx, pool.Name, tfkit.GetPrivate[string](ctx, req.Private, madeRuleKey, &resp.Diagnostics))
	}
	if err != nil && !problem.Is(err, problem.NotFound) {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	entry.Target.CreateUndone(ctx, ceph.CreatedPool(state.Name.ValueString()))
	if err == nil && len(leavings) > 0 {
		warnOfDataLeft(entry.Target, pool, leavings, &resp.Diagnostics)
	}
	rule := tfkit.GetPrivate[string](ctx, req.Private, foundRuleKey, &resp.Diagnostics)
	if err == nil && rule != "" && rule == pool.CrushRule {
		warnOfRuleLeft(entry.Target, pool.Name, rule, &resp.Diagnostics)
	}
}

// warnOfDataLeft tells what the images of a deleted pool leave in their data pools.
func warnOfDataLeft(cluster *ceph.Cluster, pool ceph.Pool, in []string, diags *diag.Diagnostics) {
	diags.AddWarning("Data of images left in other pools", fmt.Sprintf(
		"Pool %q of cluster %q is deleted. Images in it kept their data in other pools (%s), where it stays though nothing leads to it any"+
			" more.\n\nIt goes with those pools. Where they stay, remove by hand the objects whose names begin with rbd_data.%d. (rados -p POOL"+
			" ls --all). Another time, remove the images before their pool.", pool.Name, cluster.Label(), strings.Join(in, ", "), pool.ID))
}

// warnOfRuleLeft tells what the deletion of an imported pool leaves.
func warnOfRuleLeft(cluster *ceph.Cluster, pool, rule string, diags *diag.Diagnostics) {
	diags.AddWarning("CRUSH rule left", fmt.Sprintf(
		"Pool %q of cluster %q is deleted. Its CRUSH rule %q was left, unless the monitors have removed it themselves, as those of newer"+
			" releases do: the pool was imported, so it is not known whether the rule was made with it.\n\n"+
			"If nothing else needs it, and no ceph_crush_rule manages it, remove it by hand: ceph osd crush rule rm %s.",
		pool, cluster.Label(), rule, problem.Word(rule)))
}

// findPool finds the pool by its id, which stays when the pool is renamed outside of Terraform, or by its name where the id is not known
// yet.
func findPool(ctx context.Context, cluster *ceph.Cluster, state *model) (ceph.Pool, error) {
	if state.PoolID.IsNull() || state.PoolID.IsUnknown() {
		return cluster.Pool(ctx, state.Name.ValueString())
	}
	return cluster.PoolByID(ctx, state.PoolID.ValueInt64())
}

// withPresentNames is the state with the names that the pool and its rule have now. They may have been renamed since the state was read:
// the rule earlier in the same apply, and giving the pool the rule again would count OSDs and wait for another OSD map for nothing; the
// pool by hand, and another one may have its name.
func withPresentNames(ctx context.Context, cluster *ceph.Cluster, state, plan *model) (*model, error) {
	pool, err := findPool(ctx, cluster, state)
	if err != nil {
		return nil, err
	}
	present := *state
	present.Name = types.StringValue(pool.Name)
	if pool.CrushRule == plan.CrushRule.ValueString() {
		present.CrushRule = plan.CrushRule
	}
	return &present, nil
}

// change applies the differences between state and plan to the pool.
func change(ctx context.Context, cluster *ceph.Cluster, state, plan *model, diags *diag.Diagnostics) error {
	name := plan.Name.ValueString()
	state, err := withPresentNames(ctx, cluster, state, plan)
	if err != nil {
		return err
	}
	if _, err := checkPlacement(ctx, cluster, state, plan); problem.Is(err, problem.Refused) {
		return err // since the plan an OSD may have failed, or a rule become known
	}
	if from := state.Name.ValueString(); from != name {
		if err := refuseRenameUnderWatchers(ctx, cluster, from, name); err != nil {
			return err
		}
		if err := cluster.RenamePool(ctx, from, name); err != nil {
			return err
		}
	}
	if settings := state.settings(plan); len(settings) > 0 {
		if err := cluster.SetPool(ctx, name, settings); err != nil {
			return err
		}
	}
	want, have := tfkit.Elements(plan.Applications), tfkit.Elements(state.Applications)
	add, remove := tfkit.Missing(want, have), tfkit.Missing(have, want)
	if len(add)+len(remove) > 0 {
		if err := cluster.SetPoolApplications(ctx, name, add, remove); err != nil {
			return err
		}
	}
	return changeConfig(ctx, cluster, state, plan, diags)
}

// fillFromCluster reads the pool and sets what the plan left unknown.
func (r *poolResource) fillFromCluster(ctx context.Context, cluster *ceph.Cluster, plan *model, diags *diag.Diagnostics) {
	ctx, cancel := tfkit.ReadBack(ctx)
	defer cancel()
	var actual model
	pool, err := cluster.Pool(ctx, plan.Name.ValueString())
	if err != nil {
		tfkit.AddWarning(diags, "Ceph pool not read back", err)
	} else {
		actual.fromAPI(pool)
	}
	plan.fill(&actual)
}

// saveActual records what an update has changed before it failed, so that the next one does not repeat it.
func (r *poolResource) saveActual(ctx context.Context, cluster *ceph.Cluster, state, plan *model, resp *resource.UpdateResponse) {
	ctx, cancel := tfkit.ReadBack(ctx)
	defer cancel()
	pool, err := cluster.PoolByID(ctx, state.PoolID.ValueInt64())
	if err != nil {
		return
	}
	state.fromAPI(pool)
	if !plan.Config.Equal(state.Config) {
		state.saveConfig(ctx, cluster, pool, plan)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
}
