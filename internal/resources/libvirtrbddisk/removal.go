package libvirtrbddisk

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// planRemoval refuses at plan time a removal that the apply would refuse, and tells that a running guest is to lose its disk. What can't
// be asked now is asked by the apply.
func (r *diskResource) planRemoval(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.Connections == nil || req.State.Raw.IsNull() {
		return
	}
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	remembered := recall(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	home, err := r.Hypervisors.ResolveHome(ctx, state.Hypervisor, state.HostUUID, &diag.Diagnostics{})
	if err != nil {
		return
	}
	where, err := r.locate(ctx, home.Target, &state)
	if err != nil {
		return
	}
	found := find(where.domain, &state, remembered)
	if err := refuseForeign(where, found, &state, remembered); err != nil {
		addError(&resp.Diagnostics, "Unable to plan the removal of RBD disk", err)
		return
	}
	if err := planDetach(ctx, where, found, state.TargetDev.ValueString(), &resp.Diagnostics); err != nil {
		addError(&resp.Diagnostics, "Unable to plan the removal of RBD disk", err)
	}
}

// planDetach refuses the detach of a disk that something holds, and warns of one from a running guest.
func planDetach(ctx context.Context, where place, found disks, target string, diags *diag.Diagnostics) error {
	if found.mirrored() == nil {
		return nil
	}
	if err := refusalOnly(checkHeld(ctx, where, found, target, doing{detaches: true})); err != nil {
		return err
	}
	if found.live != nil && libvirt.DiskHotPlug(where.domain.Live, readXML(*found.live).Bus.ValueString()) == libvirt.PlugsIn {
		warnDetached(diags, where, target, sourceName(*found.live), "")
	}
	return nil
}

// warnDetached tells that a running guest loses a disk, and what that does to it. The summary names the disk: Terraform shows only one
// of several warnings with the same summary.
func warnDetached(diags *diag.Diagnostics, where place, target, source, reason string) {
	diags.AddWarning(fmt.Sprintf("Disk %s of the running domain %q will be detached", target, where.domain.Name), fmt.Sprintf(
		"Disk %s (%s) is detached from domain %q, which runs on hypervisor %q%s. A guest such as Linux lets go of a virtio disk at once, also while a file system"+
			" on it is mounted: its reads and writes fail from then on, and what it had not written yet is lost. Unmount it in the guest first.",
		target, source, where.domain.Name, where.host.Label(), reason))
}

// detach takes the disk out of both definitions, each as it was read there. The saved one goes first, so that a restart
// completes what a guest holds up. pending tells, beside an error, that the guest was asked and may still give the disk up.
func detach(ctx context.Context, where place, found disks) (pending bool, err error) {
	if found.saved != nil {
		if err := where.host.DetachDisk(ctx, where.domain.UUID, *found.saved, libvirt.Saved); err != nil {
			return false, err
		}
	}
	if found.live == nil {
		return false, nil
	}
	err = where.host.DetachDisk(ctx, where.domain.UUID, *found.live, libvirt.Live)
	pending = libvirt.RemovalPending(err)
	if where.domain.Persistent {
		err = detachedSaved(err, *found.live)
	}
	return pending, err
}

// detachedSaved adds to the error of a detach from a running guest what has become of the saved definition before.
func detachedSaved(err error, disk libvirtxml.DomainDisk) error {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	told := *p
	told.Do += fmt.Sprintf("\n\nThe saved definition doesn't have the disk any more: shut off and started again, the domain has no disk %s. To keep the disk,"+
		" leave its resource in the configuration and apply: the saved definition gets it back.", disk.Target.Dev)
	return &told
}

// pendingDetach tells, as long as it can be, that the guest was asked to give the disk up and has not answered: it may do so at any
// moment, whatever was applied since. The request ends with the running domain, or with the disk.
func pendingDetach(where place, found disks, remembered *memory, diags *diag.Diagnostics) {
	if remembered.DetachAsked == 0 {
		return
	}
	if found.live == nil || runningNumber(where.domain) != remembered.DetachAsked {
		remembered.DetachAsked = 0
		return
	}
	target, name := found.live.Target.Dev, where.domain.Name
	diags.AddWarning(fmt.Sprintf("The guest of domain %q may still give up disk %s", name, target), fmt.Sprintf(
		"An earlier apply asked the guest on hypervisor %q to let go of disk %s, and ended before it did. Such a request can't be taken back: the guest may follow it"+
			" at any moment, for example when it is resumed or has booted.\n\nUnmount the disk in the guest, let the guest run (virsh resume %s) and apply again: once"+
			" it has given the disk up, the apply attaches it anew. Or shut the domain off and start it again, which ends the request.",
		where.host.Label(), target, name))
}

// runningNumber is the number of a running domain (virsh domid), another one after each start; 0 for one that is shut off.
func runningNumber(domain libvirt.Domain) int {
	if domain.Live == nil || domain.Live.ID == nil {
		return 0
	}
	return *domain.Live.ID
}
