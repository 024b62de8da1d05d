package libvirtrbddisk

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// diskObject is the disk of a domain as the object that only one resource can have. A domain is the same one on every host.
func diskObject(domainUUID, target string) string {
	return "disk " + target + " of domain " + domainUUID
}

// claimDisk settles in the plan of an existing disk that no other resource has it, or is to have it.
func (p *planning) claimDisk(context.Context) error {
	if !p.exists {
		return nil // A new one is looked at once its domain is known.
	}
	claim := tfkit.Keeps
	if slices.ContainsFunc(p.replaced, func(at path.Path) bool {
		return slices.ContainsFunc([]string{"domain", "target_dev", "hypervisor"}, func(name string) bool { return at.Equal(path.Root(name)) })
	}) {
		claim = tfkit.Drops
	}
	return p.claim(p.state, claim, p.diags)
}

// claimRemoval settles in a plan that the disk which goes is not another resource's as well.
func (r *diskResource) claimRemoval(ctx context.Context, req resource.ModifyPlanRequest, diags *diag.Diagnostics) {
	if r.Connections == nil || req.State.Raw.IsNull() {
		return
	}
	var state model
	diags.Append(req.State.Get(ctx, &state)...)
	if diags.HasError() {
		return
	}
	if err := r.claim(&state, tfkit.Drops, diags); err != nil {
		addError(diags, "Unable to plan the removal of RBD disk", err)
	}
}

// claim notes what becomes of the disk of the state, and refuses what doesn't go together with the plan of another resource.
func (r *diskResource) claim(state *model, claim tfkit.Claim, diags *diag.Diagnostics) error {
	disk := ownedDisk(state, libvirt.Domain{UUID: state.DomainUUID.ValueString(), Name: state.Domain.ValueString()}, state.Hypervisor.ValueString())
	warning, err := r.PlanClaim(disk, claim)
	if warning != "" {
		diags.AddAttributeWarning(path.Root("target_dev"), disk.Name+" belongs to two resources", warning)
	}
	if err != nil {
		return blame("target_dev", err)
	}
	return nil
}

// claimNew refuses a new disk at a target that another resource has and keeps, or is to have.
func (p *planning) claimNew(domain libvirt.Domain) error {
	if _, err := p.PlanClaim(ownedDisk(p.plan, domain, p.host.Target.Label()), tfkit.Makes); err != nil {
		return blame("target_dev", err)
	}
	return nil
}

// ownedDisk is the disk of the model as an object that only one resource can have.
func ownedDisk(m *model, domain libvirt.Domain, host string) tfkit.Owned {
	target := m.TargetDev.ValueString()
	return tfkit.Owned{
		Object: diskObject(domain.UUID, target),
		Name:   fmt.Sprintf("Disk %s of domain %q on hypervisor %q", target, domain.Name, host),
		Taken:  fmt.Sprintf("Domain %q on hypervisor %q already has a disk %s.", domain.Name, host, target),
		Rename: "Choose another target_dev",
	}
}

// own keeps other resources of this apply away from a disk until release is called, and notes that it is taken. It returns who else
// has it, nil where nobody does.
func (r *diskResource) own(ctx context.Context, object string) (other *tfkit.Holder, release func(), err error) {
	release, err = r.LockObject(ctx, object)
	if err != nil {
		return nil, nil, err
	}
	if holder, held := r.HolderOf(object); held {
		return &holder, release, nil
	}
	r.Hold(object, tfkit.Holder{Object: object})
	return nil, release, nil
}

// take makes the planned disk this job's, and refuses one that another resource of the apply has.
func (j *job) take(ctx context.Context, r *diskResource, host *libvirt.Host, domain libvirt.Domain) error {
	object := diskObject(domain.UUID, j.target())
	other, release, err := r.own(ctx, object)
	if err != nil {
		return blame("target_dev", err)
	}
	j.unlocks = append(j.unlocks, release)
	if other != nil {
		return blame("target_dev", ownedDisk(j.plan, domain, host.Label()).OfAnotherResource())
	}
	j.taken = object
	return nil
}

// giveUp leaves the planned disk to other resources of the apply, where it was this job's.
func (j *job) giveUp() {
	if j.taken != "" {
		j.connections.LetGo(j.taken)
	}
}

// keep notes that the disk is this job's, which changes it in place.
func (j *job) keep(ctx context.Context, r *diskResource) error {
	_, release, err := r.own(ctx, j.object())
	if err == nil {
		j.unlocks = append(j.unlocks, release)
	}
	return err
}

// warnTakenOver tells that the disk was there already: an apply that was cut off leaves it so, and so does the resource of another
// configuration, which nothing shows here.
func (j *job) warnTakenOver(diags *diag.Diagnostics) {
	if j.found.mirrored() == nil {
		return
	}
	diags.AddAttributeWarning(path.Root("target_dev"), "Disk taken over", fmt.Sprintf(
		"Domain %q on hypervisor %q has disk %s already, with an alias of this provider and as it is asked for: an apply that was cut off leaves it so. It is"+
			" taken over.\n\nIf a resource of another configuration has it, remove one of the two: what goes with one is missed by the other.",
		j.domain.Name, j.host.Label(), j.target()))
}

// warnReplacement tells that a disk was not detached because what replaces it has taken it over.
func warnReplacement(state *model, diags *diag.Diagnostics) {
	diags.AddAttributeWarning(path.Root("target_dev"), "Disk not detached", fmt.Sprintf(
		"Disk %s of domain %q on hypervisor %q belongs to another object now, which this apply has made before this one was to go, and which found the"+
			" disk as it asks for it. It stays attached, and was not attached anew.\n\nTo have it detached and attached again, remove create_before_destroy.",
		state.TargetDev.ValueString(), state.Domain.ValueString(), state.Hypervisor.ValueString()))
}
