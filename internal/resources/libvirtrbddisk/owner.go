package libvirtrbddisk

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// diskObject names the disk of a domain as an object that only one resource can have. A domain has the same UUID on every host.
func diskObject(domainUUID, target string) string {
	return "disk " + target + " of domain " + domainUUID
}

// claimDisk refuses the plan of an existing disk that another resource has, or plans to have.
func (p *planning) claimDisk(context.Context) error {
	if !p.exists {
		return nil // checkNew claims a new one, once its domain is known.
	}
	claim := tfkit.Keeps
	for _, name := range []string{"domain", "target_dev", "hypervisor"} {
		if slices.Contains(p.replaced, name) {
			claim = tfkit.Drops
		}
	}
	return p.claim(p.state, claim, p.diags)
}

// claim records what the plan does with the disk of the state, and refuses what contradicts the plan of another resource.
func (r *diskResource) claim(state *model, claim tfkit.Claim, diags *diag.Diagnostics) error {
	domain := libvirt.Domain{UUID: state.DomainUUID.ValueString(), Name: state.Domain.ValueString()}
	disk := ownedDisk(state, domain, state.Hypervisor.ValueString())
	warning, err := r.PlanClaim(disk, claim)
	if warning != "" {
		diags.AddAttributeWarning(path.Root("target_dev"), disk.Name+" belongs to two resources", warning)
	}
	return problem.At("target_dev", err)
}

// claimNew refuses a new disk at a target that another resource keeps, or plans to have.
func (p *planning) claimNew(domain libvirt.Domain) error {
	_, err := p.PlanClaim(ownedDisk(p.plan, domain, p.host.Target.Label()), tfkit.Makes)
	return problem.At("target_dev", err)
}

// ownedDisk describes the disk of the model as an object that only one resource can have.
func ownedDisk(m *model, domain libvirt.Domain, host string) tfkit.Owned {
	target := m.TargetDev.ValueString()
	return tfkit.Owned{
		Object: diskObject(domain.UUID, target),
		Name:   fmt.Sprintf("Disk %s of domain %q on hypervisor %q", target, domain.Name, host),
		Taken:  fmt.Sprintf("Domain %q on hypervisor %q already has a disk %s.", domain.Name, host, target),
		Rename: "Choose another target_dev",
	}
}

// own locks a disk against other resources of this apply until release is called, and records that it is taken. It returns the resource
// that has it already, nil where none does.
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

// take locks the disk that this job creates, and refuses one that another resource of the apply has.
func (j *job) take(ctx context.Context, r *diskResource, host *libvirt.Host, domain libvirt.Domain) error {
	object := diskObject(domain.UUID, j.target())
	other, release, err := r.own(ctx, object)
	if err != nil {
		return problem.At("target_dev", err)
	}
	j.unlocks = append(j.unlocks, release)
	if other != nil {
		return problem.At("target_dev", ownedDisk(j.plan, domain, host.Label()).OfAnotherResource())
	}
	j.taken = object
	return nil
}

// keep locks the disk that this job changes in place.
func (j *job) keep(ctx context.Context, r *diskResource) error {
	_, release, err := r.own(ctx, j.object())
	if err == nil {
		j.unlocks = append(j.unlocks, release)
	}
	return err
}

// warnReplacement warns that a disk was not detached, because its replacement has taken it over.
func warnReplacement(state *model, diags *diag.Diagnostics) {
	diags.AddAttributeWarning(path.Root("target_dev"), "Disk not detached", fmt.Sprintf(
		"Disk %s of domain %q on hypervisor %q belongs to another object now, which this apply has made before this one was to go, and which"+
			" found the disk as it asks for it. It stays attached, and was not attached anew.\n\nTo have it detached and attached again, remove"+
			" create_before_destroy.",
		state.TargetDev.ValueString(), state.Domain.ValueString(), state.Hypervisor.ValueString()))
}

// writesAlone tells whether a disk is the only one that may have its image open.
func writesAlone(m *model) bool {
	disk := m.disk()
	return !disk.Shareable && !disk.OnlyReads()
}

// lockImage makes all other disks of this process that would open the image wait until the job's release, so that none is attached
// between the check of the watchers and the attach. Disks that may have the image together don't wait for each other.
func (j *job) lockImage(ctx context.Context, image ceph.Image) error {
	lock := j.connections.LockObject
	if !writesAlone(j.plan) {
		lock = j.connections.ShareObject
	}
	for _, object := range j.access().Objects(image, j.plan.FSID.ValueString()) {
		unlock, err := lock(ctx, object)
		if err != nil {
			return problem.At("image", err)
		}
		j.unlocks = append(j.unlocks, unlock)
	}
	return nil
}

// release unlocks what the job has locked.
func (j *job) release() {
	for _, unlock := range slices.Backward(j.unlocks) {
		unlock()
	}
	j.unlocks = nil
}

// refuseWrittenHere refuses an image that this apply has attached to another running domain already.
func (j *job) refuseWrittenHere(image ceph.Image) error {
	if !writesAlone(j.plan) {
		return nil
	}
	for _, object := range j.access().Objects(image, j.plan.FSID.ValueString()) {
		if holder, held := j.connections.HolderOf(object); held && holder.Object != j.object() {
			return j.access().AttachedInSameApply(holder.Text)
		}
	}
	return nil
}

// object names the planned disk as an object that only one resource can have.
func (j *job) object() string { return diskObject(j.Domain.UUID, j.target()) }

// holdImage records that the running domain writes the image.
func (j *job) holdImage(image ceph.Image) {
	for _, object := range j.access().Objects(image, j.plan.FSID.ValueString()) {
		j.connections.Hold(object, tfkit.Holder{
			Object: j.object(), Text: fmt.Sprintf("domain %q on hypervisor %q as disk %s", j.Domain.Name, j.Host.Label(), j.target()),
		})
	}
}

// refuseOpened refuses an image that anybody else has open. own is how many times the running domain itself has it open.
func (j *job) refuseOpened(ctx context.Context, own int) error {
	if j.cluster == nil || !writesAlone(j.plan) {
		return nil
	}
	return j.access().RefuseInUse(ctx, own)
}
