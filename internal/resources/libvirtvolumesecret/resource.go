// Package libvirtvolumesecret is the resource libvirt_volume_secret.
package libvirtvolumesecret

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

var resourceType = tfkit.ResourceType{
	Name:      tfkit.VolumeSecret.Name,
	ImportKey: tfkit.ImportKey{Form: "HYPERVISOR/UUID", Attributes: []string{"hypervisor", "uuid"}},
}

// NewResource returns the resource.
func NewResource() tfkit.Resource { return &secretResource{tfkit.Base{Type: resourceType}} }

type secretResource struct{ tfkit.Base }

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
		plan.UUID = types.StringValue(tfkit.VolumeSecret.DefaultUUID(plan.Volume.ValueString()))
	}
	plan.ID = plan.id()
	passphrase, err := tfkit.GivenPassphrase(config.PassphraseWO)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	if !r.CreateSecret(ctx, entry.Target, plan.owned(), plan.secret(), passphrase, &resp.Diagnostics) {
		return
	}
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
		err = tfkit.VolumeSecret.RefuseOther(entry.Target, secret)
	}
	if problem.Is(err, problem.NotFound) {
		resp.State.RemoveResource(ctx)
		return
	}
	lost := false
	if err == nil && !secret.Private && !state.PassphraseWOVersion.IsNull() {
		var held libvirt.ValueState
		_, held, err = entry.Target.SecretValue(ctx, secret.UUID)
		lost = held == libvirt.ValueMissing
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	importing := state.HostUUID.IsNull()
	state.HostUUID = entry.Identity
	state.fromAPI(secret)
	if importing {
		r.ClaimSecret(state.owned(), tfkit.Imports, &resp.Diagnostics)
	}
	if lost {
		state.PassphraseWOVersion = types.StringValue(missingValue)
	}
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
	if err == nil && plan.secret() != state.secret() {
		err = entry.Target.ChangeSecret(ctx, plan.secret())
	}
	if err == nil && plan.writesOver(&state) {
		var passphrase sensitive.Value
		if passphrase, err = tfkit.GivenPassphrase(config.PassphraseWO); err == nil {
			err = entry.Target.SetSecretValue(ctx, plan.secret().UUID, passphrase)
		}
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	plan.Hypervisor, plan.HostUUID = entry.Label, entry.Identity
	plan.ID = plan.id()
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
