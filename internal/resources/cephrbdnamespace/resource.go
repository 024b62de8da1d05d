// Package cephrbdnamespace is the resource ceph_rbd_namespace.
package cephrbdnamespace

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

var resourceType = tfkit.ResourceType{
	Name:      "ceph_rbd_namespace",
	ImportKey: tfkit.ImportKey{Form: "CLUSTER/POOL/NAMESPACE", Attributes: []string{"cluster", "pool", "name"}},
}

// NewResource returns the resource.
func NewResource() tfkit.Resource { return &namespaceResource{tfkit.Base{Type: resourceType}} }

type namespaceResource struct{ tfkit.Base }

func (r *namespaceResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	const summary = "Unable to create RBD namespace"
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
	created, err := entry.Target.CreateNamespace(ctx, plan.Pool.ValueString(), plan.Name.ValueString())
	if !created {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	r.HoldCreated(plan.FSID, ceph.CreatedNamespace(plan.namespace()))
	reading, done := tfkit.ReadBack(ctx)
	defer done()
	if found, err := entry.Target.Namespace(reading, plan.Pool.ValueString(), plan.Name.ValueString()); err != nil {
		// The namespace exists: an error now would taint it, and the next plan would remove it.
		tfkit.AddWarning(&resp.Diagnostics, "RBD namespace not read back", err)
		plan.fill(nil)
	} else {
		plan.fill(&found)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *namespaceResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	const summary = "Unable to read RBD namespace"
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
		entry.Target.CreateUndone(ctx, ceph.CreatedNamespace(state.namespace()))
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	state.FSID = entry.Identity
	state.fromAPI(found)
	entry.Target.CreateFulfilled(ctx, ceph.CreatedNamespace(found))
	r.ReadImport(recorded.FSID, state.object(), &resp.Diagnostics)
	tfkit.FinishRead(ctx, resp, &recorded, &state, state.identity())
}

// Update changes nothing on the cluster: what can change in place are the label, the name of the same pool, and the timeouts.
func (r *namespaceResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	const summary = "Unable to update RBD namespace"
	var state, plan model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, plan.Timeouts.Update, &resp.Diagnostics)
	defer cancel()
	entry, err := r.Clusters.ApplyEntry(ctx, plan.Cluster, state.FSID, &resp.Diagnostics)
	var found ceph.Namespace
	if err == nil {
		found, err = find(ctx, entry.Target, &state)
	}
	if err == nil && found.Pool != plan.Pool.ValueString() {
		err = &problem.Problem{
			Kind: problem.Refused,
			What: fmt.Sprintf("Namespace %s on cluster %q is in another pool than the configuration now names.", found, entry.Target.Label()),
			Why:  "The new name was no pool when the change was planned, so it was taken for a new name of the present one. It is not.",
			Do:   "Plan again: now that the other pool exists, the plan shows that the namespace would be replaced.",
		}
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	plan.Cluster, plan.FSID = entry.Label, entry.Identity
	plan.fill(&found)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *namespaceResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	const summary = "Unable to remove RBD namespace"
	var state model
	if !tfkit.Get(ctx, req.State, &state, &resp.Diagnostics) {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, state.Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	entry, err := r.Clusters.ResolveEntry(ctx, state.Cluster, state.FSID, &resp.Diagnostics)
	if err == nil {
		err = r.remove(ctx, entry.Target, &state, &resp.Diagnostics)
	}
	if err != nil && !problem.Is(err, problem.NotFound) {
		tfkit.AddError(&resp.Diagnostics, summary, err)
	}
}

// find finds the namespace by the id of its pool, which stays when the pool is renamed, or by its name where the id is not known yet.
func find(ctx context.Context, cluster *ceph.Cluster, state *model) (ceph.Namespace, error) {
	recorded := state.namespace()
	if state.PoolID.IsNull() {
		return cluster.Namespace(ctx, recorded.Pool, recorded.Name)
	}
	return cluster.NamespaceByID(ctx, recorded.PoolID, recorded.Name)
}
