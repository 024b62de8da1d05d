// Package cephuser is the resource and the data source ceph_user.
package cephuser

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// TypeName of the resource and the data source.
const TypeName = "ceph_user"

var importKey = tfkit.ImportKey{"cluster", "name"}

var (
	_ resource.ResourceWithConfigure      = (*userResource)(nil)
	_ resource.ResourceWithIdentity       = (*userResource)(nil)
	_ resource.ResourceWithImportState    = (*userResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*userResource)(nil)
	_ resource.ResourceWithValidateConfig = (*userResource)(nil)
)

// NewResource returns the resource.
func NewResource() resource.Resource { return &userResource{} }

type userResource struct{ tfkit.Base }

func (r *userResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = TypeName
	resp.ResourceBehavior.MutableIdentity = true // a label can be renamed
}

func (r *userResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = importKey.Schema()
}

func (r *userResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importKey.Import(ctx, req, resp)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("key_in_state"), false)...)
}

// ValidateConfig refuses a chosen key together with the wish to keep it out of the state.
func (r *userResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || config.Key.IsNull() || config.KeyInState.IsNull() || config.KeyInState.IsUnknown() {
		return
	}
	if !config.KeyInState.ValueBool() {
		resp.Diagnostics.AddAttributeError(path.Root("key_in_state"), "Conflicting arguments",
			"An argument that is set stands in the state, so a chosen key can't be kept out of it. Remove key or key_in_state = false.")
	}
}

// ModifyPlan settles where the user lives and what its key will be.
func (r *userResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.Connections == nil {
		return
	}
	var config, plan model
	state := &model{}
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	exists := !req.State.Raw.IsNull()
	if exists {
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	home, err := r.Clusters.PlanHome(ctx, config.Cluster, state.Cluster, state.FSID, &resp.Diagnostics)
	if err != nil {
		tfkit.AddAttributeError(&resp.Diagnostics, path.Root("cluster"), "Unable to plan Ceph user", err)
		return
	}
	plan.Cluster, plan.FSID = home.Label, home.Identity
	plan.ID = plan.id()
	plan.planKey(&config, state, exists)
	if exists && home.Moved {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("cluster"))
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

func (r *userResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	const summary = "Unable to create Ceph user"
	var plan model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.WithTimeout(ctx, plan.Timeouts.Create, &resp.Diagnostics)
	defer cancel()
	home, err := r.Clusters.SettleHome(ctx, plan.Cluster, plan.FSID, &resp.Diagnostics)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	plan.Cluster, plan.FSID = home.Label, home.Identity
	user, err := home.Target.CreateUser(ctx, plan.Name.ValueString(), capsOf(ctx, plan.Caps, &resp.Diagnostics), plan.Key.ValueString())
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	plan.settle(user, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *userResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	const summary = "Unable to read Ceph user"
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	// Also for what is gone or not read: Terraform before 1.12 stores no identity, and the framework wants one after each read.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.WithTimeout(ctx, state.Timeouts.Read, &resp.Diagnostics)
	defer cancel()
	home, err := r.Clusters.ResolveHome(ctx, state.Cluster, state.FSID, &resp.Diagnostics)
	if err != nil {
		if !tfkit.KeptUnread(&resp.Diagnostics, err) {
			tfkit.AddError(&resp.Diagnostics, summary, err)
		}
		return
	}
	user, err := home.Target.User(ctx, state.Name.ValueString())
	if problem.Is(err, problem.NotFound) {
		resp.State.RemoveResource(ctx)
		return
	}
	var raw []byte
	if err == nil {
		raw, err = ceph.ParseKey(user.Key)
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	state.FSID = home.Identity
	state.fromAPI(user, raw)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
}

func (r *userResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	const summary = "Unable to update Ceph user"
	var config, state, plan model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.WithTimeout(ctx, plan.Timeouts.Update, &resp.Diagnostics)
	defer cancel()
	home, err := r.Clusters.SettleHome(ctx, plan.Cluster, state.FSID, &resp.Diagnostics)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	plan.Cluster, plan.FSID = home.Label, home.Identity
	name := plan.Name.ValueString()
	if !plan.Caps.Equal(state.Caps) {
		if err := home.Target.SetCaps(ctx, name, capsOf(ctx, plan.Caps, &resp.Diagnostics)); err != nil {
			tfkit.AddError(&resp.Diagnostics, summary, err)
			return
		}
		state.Caps = plan.Caps
	}
	if !config.Key.IsNull() && !plan.KeyFingerprint.Equal(state.KeyFingerprint) {
		if err := home.Target.SetKey(ctx, name, config.Key.ValueString()); err != nil {
			tfkit.AddError(&resp.Diagnostics, summary, err)
			resp.Diagnostics.Append(resp.State.Set(ctx, &state)...) // the new caps stand
			return
		}
	}
	user, err := home.Target.User(ctx, name)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	plan.settle(user, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *userResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	const summary = "Unable to delete Ceph user"
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.WithTimeout(ctx, state.Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	home, err := r.Clusters.ResolveHome(ctx, state.Cluster, state.FSID, &resp.Diagnostics)
	if err == nil {
		err = deleteUser(ctx, home.Target, state.Name.ValueString())
	}
	if err != nil && !problem.Is(err, problem.NotFound) {
		tfkit.AddError(&resp.Diagnostics, summary, err)
	}
}

// settle fills what the plan left open with what the cluster made of it.
func (m *model) settle(user ceph.User, diags *diag.Diagnostics) {
	m.Entity = types.StringValue(user.Entity)
	m.ID = m.id()
	if m.Key.IsUnknown() {
		m.Key = types.StringValue(user.Key)
	}
	if m.KeyFingerprint.IsUnknown() {
		m.KeyFingerprint = types.StringNull()
		raw, err := ceph.ParseKey(user.Key)
		if err != nil {
			tfkit.AddWarning(diags, "Key of the new user not understood", err)
			return
		}
		m.KeyFingerprint = types.StringValue(ceph.Fingerprint(raw))
	}
}
