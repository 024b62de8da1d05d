package libvirtrbddisk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// ofSource tells whether an attribute describes the source, which QEMU opens, and not the device.
func ofSource(a attribute) bool { return a.effect == atNextOpen }

// known tells whether a source is called as the disk's is, or was.
func known(name string, state *model, remembered memory) bool {
	return name != "" && (name == state.source().String() || name == remembered.Source || slices.Contains(remembered.FormerSources, name))
}

// exchanged tells whether a disk of ours reads what no attribute can show: somebody has put an overlay on its image, or has given it a
// file or an empty drive instead. Another image by hand, raw as ours, is not meant: the attributes show it, and a plan sets it back.
func exchanged(disk *libvirtxml.DomainDisk, state *model, remembered memory) bool {
	if disk == nil {
		return false
	}
	name := sourceName(*disk)
	return name == "" || !known(name, state, remembered) && libvirt.Layered(*disk)
}

// hangsOn tells whether a disk is an overlay on the image of ours.
func hangsOn(disk libvirtxml.DomainDisk, state *model, remembered memory) bool {
	return slices.ContainsFunc(libvirt.BackingDisks(disk), func(below libvirtxml.DomainDisk) bool {
		return known(sourceName(below), state, remembered)
	})
}

// exchanged is the disk, of the running domain or of the saved definition, whose source somebody has exchanged; nil where it is ours.
func (d disks) exchanged(state *model, remembered memory) *libvirtxml.DomainDisk {
	for _, disk := range []*libvirtxml.DomainDisk{d.live, d.saved} {
		if exchanged(disk, state, remembered) {
			return disk
		}
	}
	return nil
}

// foreign is the disk whose source is neither the one that the state names, nor a former name of it, nor what was last applied.
func (d disks) foreign(state *model, remembered memory) *libvirtxml.DomainDisk {
	for _, disk := range []*libvirtxml.DomainDisk{d.live, d.saved} {
		if disk != nil && !libvirt.EmptyDrive(*disk) && (!known(sourceName(*disk), state, remembered) || exchanged(disk, state, remembered)) {
			return disk
		}
	}
	return nil
}

// keepSource takes over the source as it is recorded, in place of what was read.
func (m *model) keepSource(recorded *model) {
	for _, a := range attributes {
		if ofSource(a) {
			a.take(m, recorded)
		}
	}
}

// explainExchange tells what a disk reads instead of its image, and the way back.
func explainExchange(where place, found disks, disk libvirtxml.DomainDisk, state *model, remembered memory) (why, do string) {
	target, image := state.TargetDev.ValueString(), state.source()
	why = fmt.Sprintf("Somebody has given it another source: it was %s, and is %s now.", image, libvirt.DescribeSource(disk))
	overlay := hangsOn(disk, state, remembered)
	switch {
	case libvirt.EmptyDrive(disk):
		why = fmt.Sprintf("Its medium was ejected: it was %s, and is an empty drive now.", image)
		return why, "To put the image back: terraform taint ADDRESS, then terraform apply. The drive is then detached, and attached anew with the image."
	case found.saved != nil && found.live != nil && !exchanged(found.live, state, remembered):
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
func exchangeRefused(where place, found disks, disk libvirtxml.DomainDisk, state *model, remembered memory, what string) error {
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
	disk := found.exchanged(p.state, p.remembered)
	switch {
	case disk == nil, len(p.replaced) > 0 && libvirt.EmptyDrive(*disk):
		return nil
	case len(p.replaced) > 0:
		return exchangeRefused(*where, found, *disk, p.state, p.remembered, "can't be replaced, because of a change of "+p.replaced[0].String())
	}
	return blame(changed[0], exchangeRefused(*where, found, *disk, p.state, p.remembered, "can't be changed in its source: "+strings.Join(changed, ", ")))
}

// refuseLoss refuses to write a disk into a definition where that would lose what isn't known of it here: the saved definition with
// changes, or a definition that lacks the disk.
func refuseLoss(where place, found disks, changed, restored bool) error {
	if found.saved != nil && (changed || restored) {
		return where.host.RefuseLoss(where.domain, *found.saved, libvirt.Saved)
	}
	if found.saved == nil && found.live != nil && restored {
		return where.host.RefuseLoss(where.domain, *found.live, libvirt.Live)
	}
	return nil
}

// warnExchanged tells of a disk whose source somebody has exchanged.
func warnExchanged(diags *diag.Diagnostics, where place, found disks, state *model, remembered memory) {
	disk := found.exchanged(state, remembered)
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
	if disk := j.found.exchanged(state, j.remembered); disk != nil {
		if changed := changes(state, j.plan, ofSource); len(changed) > 0 {
			return blame(changed[0], exchangeRefused(j.place, j.found, *disk, state, j.remembered, "can't be changed in its source: "+strings.Join(changed, ", ")))
		}
	}
	changed := changes(state, j.plan, nil)
	return refuseLoss(j.place, j.found, len(changed) > 0, j.missing() != 0)
}

// refuseForeign refuses to detach a disk that reads something else than what the state names.
func refuseForeign(where place, found disks, state *model, remembered memory) error {
	disk := found.foreign(state, remembered)
	if disk == nil {
		return nil
	}
	return exchangeRefused(where, found, *disk, state, remembered, "is not detached, and nothing was changed")
}
