package libvirtrbddisk

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// ofSource tells whether a field describes the source, which QEMU opens, and not the device.
func ofSource(f libvirt.DiskField) bool { return f.Source }

// shown are the fields of a disk that can be compared with what is asked for: of one whose source somebody has exchanged, those of the
// device alone.
func shown(ours libvirt.Ours, disk *libvirt.Disk) func(libvirt.DiskField) bool {
	if ours.Exchanged(disk) {
		return func(f libvirt.DiskField) bool { return !f.Source }
	}
	return nil
}

// explainExchange tells what a disk reads instead of its image, and the way back.
func explainExchange(where place, found libvirt.Disks, disk libvirt.Disk, state *model, remembered memory) (why, do string) {
	target, image := state.TargetDev.ValueString(), state.source()
	why = fmt.Sprintf("Somebody has given it another source: it was %s, and is %s now.", image, disk.DescribeSource())
	ours := state.ours(remembered)
	overlay := ours.Under(disk)
	switch {
	case disk.EmptyDrive():
		why = fmt.Sprintf("Its medium was ejected: it was %s, and is an empty drive now.", image)
		return why, "To put the image back: terraform taint ADDRESS, then terraform apply. The drive is then detached, and attached anew with the image."
	case found.Saved != nil && found.Live != nil && !ours.Exchanged(found.Live):
		return why + " That is in the saved definition only; the running guest has the image.",
			fmt.Sprintf("If that is a mistake: virsh detach-disk %s %s --config, then terraform apply, which adds the disk to the saved definition again."+
				" Otherwise end its management here: terraform state rm ADDRESS.", where.domain.Name, target)
	case overlay:
		why += fmt.Sprintf(" It is an overlay, as of a snapshot: it hangs on %s, and holds what the guest has written since.", image)
		do = fmt.Sprintf("virsh blockcommit %s %s --active --pivot writes it into the image, and brings the image back.", where.domain.Name, target)
	default:
		why += fmt.Sprintf(" Its definition doesn't tell that it hangs on %s. What the guest has written since is not in the image.", image)
		do = fmt.Sprintf("virsh blockcopy %s %s with the image as destination (--xml, --reuse-external, --pivot) brings the image back;"+
			" or end the disk's management here: terraform state rm ADDRESS.", where.domain.Name, target)
	}
	if !where.domain.Active {
		return why, "Start the domain first. " + do
	}
	return why, do
}

// exchangeRefused refuses what can't be done to a disk whose source somebody has exchanged.
func exchangeRefused(where place, found libvirt.Disks, disk libvirt.Disk, state *model, remembered memory, what string) error {
	why, do := explainExchange(where, found, disk, state, remembered)
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Disk %s of domain %q on hypervisor %q %s.", state.TargetDev.ValueString(), where.domain.Name, where.host.Label(), what),
		Why:  why,
		Do:   do,
	}
}

// checkExchanged refuses a plan that would have to write the source of a disk which somebody has given another, or to detach it.
func (p *planning) checkExchanged(ctx context.Context) error {
	if !p.exists {
		return nil
	}
	changed := changes(p.state, p.plan, ofSource)
	if p.different && len(changed) == 0 {
		changed = []string{"cluster"}
	}
	if len(changed)+len(p.replaced) == 0 {
		return nil
	}
	where, err := p.located(ctx)
	if p.left != nil {
		where, err = p.left, nil
	}
	if problem.Is(err, problem.NotFound) || err == nil && where == nil {
		return nil
	}
	if err != nil {
		return err
	}
	found := p.found(where)
	disk := p.state.ours(p.remembered).ExchangedIn(found)
	switch {
	case disk == nil, len(p.replaced) > 0 && disk.EmptyDrive():
		return nil
	case len(p.replaced) > 0:
		return exchangeRefused(*where, found, *disk, p.state, p.remembered, "can't be replaced, because of a change of "+p.replaced[0].String())
	}
	return problem.At(changed[0], exchangeRefused(*where, found, *disk, p.state, p.remembered, "can't be changed in its source: "+strings.Join(changed, ", ")))
}

// refuseLoss refuses to write a disk into a definition where that would lose what isn't known of it here: the saved definition with
// changes, or a definition that lacks the disk.
func refuseLoss(where place, found libvirt.Disks, changed, restored bool) error {
	if found.Saved != nil && (changed || restored) {
		return where.host.RefuseLoss(where.domain.Name, *found.Saved)
	}
	if found.Saved == nil && found.Live != nil && restored {
		return where.host.RefuseLoss(where.domain.Name, *found.Live)
	}
	return nil
}

// warnExchanged tells of a disk whose source somebody has exchanged.
func warnExchanged(diags *diag.Diagnostics, where place, found libvirt.Disks, state *model, remembered memory) {
	disk := state.ours(remembered).ExchangedIn(found)
	if disk == nil {
		return
	}
	why, do := explainExchange(where, found, *disk, state, remembered)
	diags.AddWarning(fmt.Sprintf("Disk %s of domain %q has another source", state.TargetDev.ValueString(), where.domain.Name), fmt.Sprintf(
		"Disk %s of domain %q on hypervisor %q doesn't read its image. %s\n\nUntil it does, its source is left as it is, the disk is neither detached"+
			" nor added where it is missing, and the guest isn't told of a growth of the image.\n\n%s",
		state.TargetDev.ValueString(), where.domain.Name, where.host.Label(), why, do))
}

// checkPresent refuses what can't be written to the disk as it is now.
func (j *job) checkPresent(state *model) error {
	if disk := state.ours(j.remembered).ExchangedIn(j.found); disk != nil {
		if changed := changes(state, j.plan, ofSource); len(changed) > 0 {
			return problem.At(changed[0], exchangeRefused(j.place, j.found, *disk, state, j.remembered, "can't be changed in its source: "+strings.Join(changed, ", ")))
		}
	}
	changed := changes(state, j.plan, nil)
	return refuseLoss(j.place, j.found, len(changed) > 0, j.missing() != 0)
}

// refuseForeign refuses to detach a disk that reads something else than what the state names.
func refuseForeign(where place, found libvirt.Disks, state *model, remembered memory) error {
	disk := state.ours(remembered).ForeignIn(found)
	if disk == nil {
		return nil
	}
	return exchangeRefused(where, found, *disk, state, remembered, "is not detached, and nothing was changed")
}
