package libvirtrbddisk

import (
	"context"
	"errors"
	"fmt"

	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// doing is what a change does to a disk, of what a job or a managed save image can stand in the way of.
type doing struct {
	detaches, resizes bool
	renames           bool // the saved definition names the source, or its monitors, otherwise
	exchanges         bool // another image takes the place of the present one
}

// checkHeld refuses a change that a job or a managed save image stands in the way of. It is asked before anything is touched: what is
// found out by trying has changed the saved definition already.
func checkHeld(ctx context.Context, where place, found disks, target string, what doing) error {
	if where.domain.Active {
		if found.live == nil {
			target = "" // There is no job on a disk that the running domain lacks.
		}
		return checkJob(ctx, where, target, what)
	}
	if found.saved == nil || !what.detaches && !what.exchanges {
		return nil
	}
	restored, err := where.host.ManagedSave(ctx, where.domain.UUID)
	if err != nil || restored == nil || !restores(restored, *found.saved) {
		return err
	}
	name := where.domain.Name
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Domain %q on hypervisor %q has a managed save image, and the guest in it has disk %s.", name, where.host.Label(), target),
		Why: "The next start restores that guest with the disk as it was, whatever the saved definition says by then. Without the disk's image it can't be" +
			" restored at all, and what it had in memory is lost. Nothing was changed.",
		Do: fmt.Sprintf("Start the domain (virsh start %s), then apply again: it is done to the running guest then. Or give up the guest's memory, with all that"+
			" it has not written to its disks (virsh managedsave-remove %s), then apply again.", name, name),
	}
}

func checkJob(ctx context.Context, where place, target string, what doing) error {
	job, err := where.host.Job(ctx, where.domain.UUID, target)
	if err != nil || job == nil {
		return err
	}
	if job.Target == "" || what.detaches || what.resizes || what.renames && job.Rewrites {
		return where.host.Held(where.domain.Name, *job)
	}
	return nil
}

// restores tells whether the guest of a managed save image has the disk.
func restores(guest *libvirtxml.Domain, disk libvirtxml.DomainDisk) bool {
	there := libvirt.DiskByTarget(guest, disk.Target.Dev)
	if alias := aliasName(disk); isOwnAlias(alias) {
		there = libvirt.DiskByAlias(guest, alias)
	}
	return there != nil
}

// refuseHeld makes these checks for an update that touches the domain.
func (j *job) refuseHeld(ctx context.Context, state *model, image ceph.Image) error {
	if len(changes(state, j.plan, nil)) == 0 && !resized(state, j.plan) && j.missing() == 0 {
		return nil
	}
	moved := !state.FSID.IsNull() && !j.plan.FSID.IsNull() && !state.FSID.Equal(j.plan.FSID)
	other := len(changes(state, j.plan, func(a attribute) bool { return isSource(a.name) })) > 0 &&
		(image.ID == "" || image.ID != state.ImageID.ValueString())
	err := checkHeld(ctx, j.place, j.found, state.TargetDev.ValueString(),
		doing{resizes: resized(state, j.plan), renames: renames(state, j.plan), exchanges: moved || other})
	var held *problem.Problem
	if !errors.As(err, &held) || held.Kind != problem.Refused || !resized(state, j.plan) {
		return err
	}
	// The plan refuses it before the image has grown; a job that began since is noticed only now.
	told := *held
	told.Do += " The image has its new size already: the guest is told of it then."
	return &told
}

func renames(state, plan *model) bool {
	return len(changes(state, plan, func(a attribute) bool { return isSource(a.name) || a.name == "monitors" })) > 0
}

// checkHeld refuses at plan time what an apply would refuse, and tells what a guest that is to be restored won't know of.
func (p *planning) checkHeld(ctx context.Context, where *place, resized bool) error {
	err := checkHeld(ctx, *where, find(where.domain, p.state, p.remembered), p.state.TargetDev.ValueString(), doing{
		detaches: len(p.replaced) > 0, resizes: resized, renames: renames(p.state, p.plan), exchanges: p.different,
	})
	if problem.Is(err, problem.Refused) || len(p.replaced) > 0 {
		return refusalOnly(err)
	}
	return p.warnRestored(ctx, where, "The restored guest has the disk as it was saved. It takes the change when it has been shut off, and is started once more.")
}

// refusalOnly drops the error of a question that got no answer: the apply asks again.
func refusalOnly(err error) error {
	if problem.Is(err, problem.Refused) {
		return err
	}
	return nil
}

// warnRestored tells that the next start of the domain brings back a guest that doesn't know of a change.
func (p *planning) warnRestored(ctx context.Context, where *place, consequence string) error {
	if where.domain.Active {
		return nil
	}
	restored, err := where.host.ManagedSave(ctx, where.domain.UUID)
	if err != nil || restored == nil {
		return refusalOnly(err)
	}
	target, name := p.plan.TargetDev.ValueString(), where.domain.Name
	p.diags.AddWarning(fmt.Sprintf("Disk %s isn't so in the managed save image of domain %q", target, name), fmt.Sprintf(
		"Domain %q is shut off on hypervisor %q, and the next start restores its guest from a managed save image. Disk %s is changed in the saved definition"+
			" alone. %s", name, where.host.Label(), target, consequence))
	return nil
}
