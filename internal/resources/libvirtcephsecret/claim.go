package libvirtcephsecret

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// plannedKey is the private state's name for the secret that the first plan was for. Terraform plans a replacement twice, the second time
// as if the object did not exist, and that second plan must not mistake this resource for another one.
const plannedKey = "planned_secret"

// owned is the secret of a host as an object that only one resource can have.
func (m *model) owned() tfkit.Owned {
	id := libvirt.CanonicalUUID(m.UUID.ValueString())
	return tfkit.Owned{
		Object: "secret " + id + " of host " + m.HostUUID.ValueString(),
		Name:   fmt.Sprintf("Secret %s on hypervisor %q", id, m.Hypervisor.ValueString()),
		Taken:  fmt.Sprintf("Hypervisor %q already has a secret with the UUID %s.", m.Hypervisor.ValueString(), id),
		Rename: "Choose another usage_name or uuid",
	}
}

// identified reports whether the plan knows which secret it is.
func (m *model) identified() bool { return !m.UUID.IsUnknown() && !m.HostUUID.IsUnknown() }

// claim records what a plan does with a secret, and refuses what conflicts with the plan of another resource.
func (r *secretResource) claim(m *model, claim tfkit.Claim, diags *diag.Diagnostics) {
	warning, err := r.PlanClaim(m.owned(), claim)
	if warning != "" {
		diags.AddAttributeWarning(path.Root("uuid"), "Secret belongs to two resources", warning)
	}
	if err != nil {
		tfkit.AddAttributeError(diags, path.Root("uuid"), "Unable to plan libvirt secret", err)
	}
}

// claimRemoval is claim for a plan that destroys the secret.
func (r *secretResource) claimRemoval(ctx context.Context, req resource.ModifyPlanRequest, diags *diag.Diagnostics) {
	var state model
	diags.Append(req.State.Get(ctx, &state)...)
	if !diags.HasError() && r.Connections != nil {
		r.claim(&state, tfkit.Drops, diags)
	}
}

// claimPlanned is claim for a plan that keeps, replaces or creates a secret.
func (r *secretResource) claimPlanned(
	ctx context.Context, state, plan *model, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, plannedKey, state.owned().Object)...)
		switch {
		case !plan.identified():
		case plan.owned().Object == state.owned().Object:
			r.claim(state, tfkit.Keeps, &resp.Diagnostics)
		default:
			r.claim(state, tfkit.Drops, &resp.Diagnostics)
		}
		return
	}
	recorded, diags := req.Private.GetKey(ctx, plannedKey)
	resp.Diagnostics.Append(diags...)
	if plan.identified() && tfkit.PrivateText(recorded) != plan.owned().Object {
		r.claim(plan, tfkit.Makes, &resp.Diagnostics)
	}
}

// lock keeps other resources of this apply away from a planned secret until release is called. It refuses a secret that another of them has
// created.
func (r *secretResource) lock(ctx context.Context, plan *model) (release func(), err error) {
	release, err = r.LockObject(ctx, plan.owned().Object)
	if err != nil {
		return func() {}, err
	}
	if _, held := r.HolderOf(plan.owned().Object); held {
		return release, plan.owned().OfAnotherResource()
	}
	return release, nil
}

// takenOverByReplacement reports, with a warning, whether the replacement of this object has taken the secret over. With
// create_before_destroy the apply creates the replacement before it deletes this object.
func (r *secretResource) takenOverByReplacement(state *model, diags *diag.Diagnostics) bool {
	holder, held := r.HolderOf(state.owned().Object)
	if !held || !holder.Made {
		return false
	}
	diags.AddAttributeWarning(path.Root("uuid"), "Secret not undefined", fmt.Sprintf(
		"Secret %s on hypervisor %q belongs to another object now, which this apply has made before this one was to go, and which took it over."+
			" It stays as it is.\n\nTo have it defined anew, remove create_before_destroy.", state.UUID.ValueString(),
		state.Hypervisor.ValueString()))
	return true
}

// recordMade records that this apply has created the secret.
func (r *secretResource) recordMade(plan *model) {
	object := plan.owned().Object
	r.Hold(object, tfkit.Holder{Object: object, Made: true})
}
