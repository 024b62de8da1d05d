package tfkit

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// HostSecret is the secret of a host that a resource has, or is to have. Only one resource can have it, of whichever type: on a host a UUID
// is unique among the secrets of all usage types.
type HostSecret struct {
	Type                       SecretType
	Hypervisor, HostUUID, UUID types.String
}

// plannedSecretKey is the private state's name for the secret that the first plan was for. Terraform plans a replacement twice, the second
// time as if the object did not exist, and that second plan must not mistake this resource for another one.
const plannedSecretKey = "planned_secret"

// owned is the secret with the texts that messages need.
func (s HostSecret) owned() Owned {
	id := libvirt.CanonicalUUID(s.UUID.ValueString())
	return Owned{
		Object: "secret " + id + " of host " + s.HostUUID.ValueString(),
		Name:   fmt.Sprintf("Secret %s on hypervisor %q", id, s.Hypervisor.ValueString()),
		Taken:  fmt.Sprintf("Hypervisor %q already has a secret with the UUID %s.", s.Hypervisor.ValueString(), id),
		Rename: "Choose another " + s.Type.UsageArgument + " or uuid",
	}
}

// identified reports whether the plan knows which secret it is.
func (s HostSecret) identified() bool { return !s.UUID.IsUnknown() && !s.HostUUID.IsUnknown() }

// ClaimSecret records what a plan does with a secret, and refuses what conflicts with the plan of another resource.
func (c *Connections) ClaimSecret(s HostSecret, claim Claim, diags *diag.Diagnostics) {
	warning, err := c.PlanClaim(s.owned(), claim)
	if warning != "" {
		diags.AddAttributeWarning(path.Root("uuid"), "Secret belongs to two resources", warning)
	}
	if err != nil {
		AddAttributeError(diags, path.Root("uuid"), "Unable to plan libvirt secret", err)
	}
}

// ClaimPlannedSecret is ClaimSecret for a plan that keeps, replaces or creates a secret.
func (c *Connections) ClaimPlannedSecret(
	ctx context.Context, state, plan HostSecret, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(SetPrivate(ctx, resp.Private, plannedSecretKey, state.owned().Object)...)
		switch {
		case !plan.identified():
		case plan.owned().Object == state.owned().Object:
			c.ClaimSecret(state, Keeps, &resp.Diagnostics)
		default:
			c.ClaimSecret(state, Drops, &resp.Diagnostics)
		}
		return
	}
	recorded := GetPrivate[string](ctx, req.Private, plannedSecretKey, &resp.Diagnostics)
	if plan.identified() && recorded != plan.owned().Object {
		c.ClaimSecret(plan, Makes, &resp.Diagnostics)
	}
}

// lockNewSecret keeps other resources of this apply away from a planned secret until release is called. It refuses a secret that another
// of them has created.
func (c *Connections) lockNewSecret(ctx context.Context, s HostSecret) (release func(), err error) {
	object := s.owned().Object
	release, err = c.LockObject(ctx, object)
	if err != nil {
		return func() {}, err
	}
	if _, held := c.HolderOf(object); held {
		return release, s.owned().OfAnotherResource()
	}
	return release, nil
}

// secretTakenOver reports, with a warning, whether the replacement of a resource has taken its secret over. With create_before_destroy the
// apply creates the replacement before it deletes the object.
func (c *Connections) secretTakenOver(s HostSecret, diags *diag.Diagnostics) bool {
	if !c.madeHere(s.owned().Object) {
		return false
	}
	diags.AddAttributeWarning(path.Root("uuid"), "Secret not undefined", fmt.Sprintf(
		"Secret %s on hypervisor %q belongs to another object now, which this apply has made before this one was to go, and which took it over."+
			" It stays as it is.\n\nTo have it defined anew, remove create_before_destroy.", s.UUID.ValueString(),
		s.Hypervisor.ValueString()))
	return true
}
