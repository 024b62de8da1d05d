package libvirtcephsecret

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// secretObject is the secret of a host as the object that only one resource can have.
func (m *model) secretObject() string {
	return "secret " + canonicalUUID(m.UUID.ValueString()) + " of host " + m.HostUUID.ValueString()
}

// take keeps other resources of this apply away from a planned secret until release is called. One that another of them has made is not
// what a create left that was cut off.
func (r *secretResource) take(ctx context.Context, plan *model) (release func(), err error) {
	release, err = r.LockObject(ctx, plan.secretObject())
	if err != nil {
		return func() {}, err
	}
	if _, held := r.HolderOf(plan.secretObject()); held {
		return release, &problem.Problem{
			Kind: problem.Exists,
			What: fmt.Sprintf("Hypervisor %q already has a secret with the UUID %s.", plan.Hypervisor.ValueString(), plan.UUID.ValueString()),
			Why:  "Another resource of the configuration has just made it, which may name the host by another label.",
			Do:   "Remove one of the two, or give them different usage names.",
		}
	}
	return release, nil
}

// keptByReplacement tells, with a warning, whether the secret belongs to another object now, which this apply has made before this one was to
// go, as with create_before_destroy.
func (r *secretResource) keptByReplacement(state *model, diags *diag.Diagnostics) bool {
	holder, held := r.HolderOf(state.secretObject())
	if !held || !holder.Made {
		return false
	}
	diags.AddAttributeWarning(path.Root("uuid"), "Secret not undefined", fmt.Sprintf(
		"Secret %s on hypervisor %q belongs to another object now, which this apply has made before this one was to go, and which took it over. It stays"+
			" as it is.\n\nTo have it defined anew, remove create_before_destroy.", state.UUID.ValueString(), state.Hypervisor.ValueString()))
	return true
}

// made notes that this apply has made the secret.
func (r *secretResource) made(plan *model) {
	r.Hold(plan.secretObject(), tfkit.Holder{Object: plan.secretObject(), Made: true})
}
