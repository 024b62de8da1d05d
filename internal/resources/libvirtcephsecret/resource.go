// Package libvirtcephsecret is the resource libvirt_ceph_secret, and its data sources.
package libvirtcephsecret

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

var resourceType = tfkit.ResourceType{
	Name:      tfkit.CephSecret.Name,
	ImportKey: tfkit.ImportKey{Form: "HYPERVISOR/UUID", Attributes: []string{"hypervisor", "uuid"}},
}

// NewResource returns the resource.
func NewResource() tfkit.Resource { return &secretResource{tfkit.Base{Type: resourceType}} }

type secretResource struct{ tfkit.Base }

func (r *secretResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	r.Base.ImportState(ctx, req, resp)
	resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, writtenKey, noFingerprint)...)
}

func (r *secretResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	const summary = "Unable to create libvirt secret"
	var config, plan model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, plan.Timeouts.Create, &resp.Diagnostics)
	defer cancel()
	entry, err := r.Hypervisors.ApplyEntry(ctx, plan.Hypervisor, plan.HostUUID, &resp.Diagnostics)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	plan.Hypervisor, plan.HostUUID = entry.Label, entry.Identity
	if plan.UUID.IsUnknown() {
		plan.UUID = types.StringValue(tfkit.CephSecret.DefaultUUID(plan.UsageName.ValueString()))
	}
	plan.ID = plan.id()
	key := keyOf(&config)
	if err := key.Check(); err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	if !r.CreateSecret(ctx, entry.Target, plan.owned(), plan.secret(), key.Value, &resp.Diagnostics) {
		return
	}
	plan.fillFingerprint(key)
	resp.Diagnostics.Append(recordWritten(ctx, resp.Private, &config, key)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *secretResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	const summary = "Unable to read libvirt secret"
	var state model
	if !tfkit.StartRead(ctx, req, resp, &state, state.identity) {
		return
	}
	recorded := state
	ctx, cancel := tfkit.StartRefresh(ctx, state.Timeouts.Read, &resp.Diagnostics)
	defer cancel()
	entry, ok := r.Hypervisors.ReadEntry(ctx, state.Hypervisor, state.HostUUID, summary, &resp.Diagnostics)
	if !ok {
		return
	}
	secret, err := entry.Target.Secret(ctx, libvirt.CanonicalUUID(state.UUID.ValueString()))
	if err == nil {
		err = tfkit.CephSecret.RefuseOther(entry.Target, secret)
	}
	if problem.Is(err, problem.NotFound) {
		resp.State.RemoveResource(ctx)
		return
	}
	var value sensitive.Value
	var held libvirt.ValueState
	if err == nil {
		value, held, err = entry.Target.SecretValue(ctx, secret.UUID)
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	written := tfkit.GetPrivate[string](ctx, req.Private, writtenKey, &resp.Diagnostics)
	importing := state.HostUUID.IsNull()
	state.HostUUID = entry.Identity
	state.fromAPI(secret)
	if importing {
		r.ClaimSecret(state.owned(), tfkit.Imports, &resp.Diagnostics)
	}
	state.readValue(value, held, written)
	tfkit.FinishRead(ctx, resp, &recorded, &state, state.identity())
}

func (r *secretResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	const summary = "Unable to update libvirt secret"
	var config, state, plan model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, plan.Timeouts.Update, &resp.Diagnostics)
	defer cancel()
	entry, err := r.Hypervisors.ApplyEntry(ctx, plan.Hypervisor, state.HostUUID, &resp.Diagnostics)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	plan.Hypervisor, plan.HostUUID = entry.Label, entry.Identity
	plan.ID = plan.id()
	if plan.secret() != state.secret() {
		if err := entry.Target.ChangeSecret(ctx, plan.secret()); err != nil {
			tfkit.AddError(&resp.Diagnostics, summary, err)
			return
		}
	}
	given := tfkit.GetPrivate[string](ctx, req.Private, givenKey, &resp.Diagnostics)
	var key ceph.Key
	if !plan.Key.IsNull() && !plan.Key.Equal(state.Key) || !config.KeyWO.IsNull() && writes(&state, &plan, true) {
		key = keyOf(&config)
		if err = key.Check(); err == nil {
			err = entry.Target.SetSecretValue(ctx, plan.secret().UUID, key.Value)
		}
		if err != nil {
			tfkit.AddError(&resp.Diagnostics, summary, err)
			return
		}
		warnRunning(ctx, entry.Target, plan.secret(), formerValue{
			held: state.KeyFingerprint.ValueString(), given: given, private: state.Private.ValueBool(),
		}, key, &resp.Diagnostics)
	}
	plan.fillFingerprint(key)
	if !key.IsZero() || plan.KeyWOVersion.IsNull() && config.KeyWO.IsNull() {
		resp.Diagnostics.Append(recordWritten(ctx, resp.Private, &config, key)...)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *secretResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state model
	if !tfkit.Get(ctx, req.State, &state, &resp.Diagnostics) {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, state.Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	r.DeleteSecret(ctx, state.owned(), state.secret(), &resp.Diagnostics)
}
