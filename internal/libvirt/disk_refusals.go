package libvirt

import (
	"context"
	"fmt"
	"slices"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Change is what a change does to a disk, as far as a job or a managed save image can prevent it.
type Change struct {
	Detaches, Resizes bool
	Renames           bool // the saved definition gets another name of the source, or other monitors
	Exchanges         bool // another image takes the place of the present one
}

// RefuseHeld refuses a change of a disk that a job or a managed save image prevents. It is asked before the first change: an attempt would
// fail after it has changed the saved definition. The target is that of the disk where it was not found.
func (h *Host) RefuseHeld(ctx context.Context, domain Domain, found Disks, target string, what Change) error {
	if domain.Active {
		if found.Live == nil {
			target = "" // There is no job on a disk that the running domain lacks.
		}
		job, err := h.Job(ctx, domain.UUID, target)
		if err == nil && job != nil && (job.Target == "" || what.Detaches || what.Resizes || what.Renames && job.Rewrites) {
			return h.heldByJob(domain.Name, *job)
		}
		return err
	}
	if found.Saved == nil || !what.Detaches && !what.Exchanges {
		return nil
	}
	restored, err := h.managedSave(ctx, domain.UUID)
	if err != nil || restored.has(*found.Saved) == nil {
		return err
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Domain %q on hypervisor %q has a managed save image, and the guest in it has disk"+
			" %s.", domain.Name, h.Label(), target),
		Why: "The next start restores that guest with the disk as it was, whatever the saved definition says by then. Without the disk's image" +
			" it can't be restored at all, and what it had in memory is lost. Nothing was changed.",
		Do: fmt.Sprintf("Start the domain (virsh start %[1]s), then apply again: it is done to the running guest then. Or give up the guest's"+
			" memory, with all that it has not written to its disks (virsh managedsave-remove %[1]s), then apply again.",
			problem.Word(domain.Name)),
	}
}

// RefuseUnplug refuses to detach a disk that the running domain can't give up. It is asked before the first change: the saved definition
// would lose the disk, and the guest keep it.
func (h *Host) RefuseUnplug(domain Domain, found Disks) error {
	if found.Live == nil {
		return nil
	}
	why := domain.Live.keeps(*found.Live)
	if why == "" {
		return nil
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Disk %s can't be taken from domain %q while it runs on hypervisor %q: %s.",
			found.Live.Target, domain.Name, h.Label(), why),
		Why: "The guest would keep the disk, and the saved definition lose it. Nothing was changed.",
		Do:  "Shut the domain off and apply again.",
	}
}

// has is the same disk in another definition of the domain, whatever it reads there.
func (d *Definition) has(disk Disk) *Disk {
	if disk.Own() {
		return d.diskByAlias(disk.Alias)
	}
	return d.DiskByTarget(disk.Target)
}

// RefusePlug refuses a new disk that a running guest can't get.
func (h *Host) RefusePlug(domain Domain, disk Disk) error {
	if !domain.Active || domain.Plugs(disk) != PlugsNever {
		return nil
	}
	bus := disk.Bus
	if domain.Live.HotPlug(bus) != PlugsNever {
		return h.refuseEncryptedPlug(domain)
	}
	why, do := "QEMU has no hot-plug on this bus.", "Use bus \"scsi\" or \"virtio\"; or shut the domain off, apply, and start it."
	if !domain.Persistent {
		do = "Use bus \"scsi\" or \"virtio\"; or start the domain with the disk in its definition."
	}
	if bus == "virtio" || bus == "scsi" {
		why = "Its definition has no <acpi/> in <features>, and QEMU has no hot-plug of PCI devices without it on this machine type."
		if withoutPlugs(domain.Live.doc) {
			why = "Its definition ends the hot-plug of its only PCI bus: <target hotplug='off'/> of the controller pci-root."
		}
		do = "Shut the domain off, apply, and start it."
		if !domain.Persistent {
			do = "Start the domain with the disk in its definition."
		}
	}
	return problem.At("bus", &problem.Problem{
		Kind: problem.Unsupported,
		What: fmt.Sprintf("A disk on bus %q can't be plugged into domain %q while it runs on hypervisor %q.", bus, domain.Name, h.Label()),
		Why:  why,
		Do:   do,
	})
}

func (h *Host) refuseEncryptedPlug(domain Domain) error {
	do := "Shut the domain off, apply, and start it."
	if !domain.Persistent {
		do = "Start the domain with the disk in its definition."
	}
	return problem.At("encryption", &problem.Problem{
		Kind: problem.Unsupported,
		What: fmt.Sprintf("A disk that librbd decrypts can't be plugged into domain %q while it runs on hypervisor %q.", domain.Name, h.Label()),
		Why: fmt.Sprintf("It runs libvirt %s, which hands QEMU the passphrase only after QEMU was to open the image; 11.3 and newer do so in"+
			" time.", domain.LibVersion),
		Do: do + " Or format the image as luks1 and let QEMU decrypt it: format = \"luks\" and engine = \"qemu\".",
	})
}

// RefuseUnfit refuses a disk that the host or the domain can't have: an RBD namespace on a host whose libvirt takes it for a part of the
// image's name, settings that the host's libvirt doesn't know, and a place in the boot order in a domain that chooses its boot devices as a
// whole.
func (h *Host) RefuseUnfit(ctx context.Context, domain Domain, disk Disk) error {
	if disk.Namespace != "" {
		version, err := h.LibVersion(ctx)
		if err != nil {
			return err
		}
		if !version.AtLeast(11, 6) {
			return problem.At("namespace", &problem.Problem{
				Kind: problem.Unsupported,
				What: fmt.Sprintf("Hypervisor %q runs libvirt %s, which can't open images in an RBD namespace.", h.Label(), version),
				Why:  "libvirt knows namespaces since 11.6.0. An older one takes NAMESPACE/IMAGE for the image's name, which no image has.",
				Do:   "Update libvirt on the host, or move the image to the pool's default namespace.",
			})
		}
	}
	if err := h.refuseOlder(ctx, disk); err != nil {
		return err
	}
	definition := domain.Saved
	if definition == nil {
		definition = domain.Live
	}
	if disk.BootOrder == 0 || !definition.bootsAsAWhole() {
		return nil
	}
	return problem.At("boot_order", &problem.Problem{
		Kind: problem.Invalid,
		What: fmt.Sprintf("Domain %q on hypervisor %q can't have a boot order by device.", domain.Name, h.Label()),
		Why: "Its definition has <boot dev> in <os>, and libvirt allows one of the two. It adds <boot dev='hd'/> to a domain in which no device" +
			" has an order.",
		Do: "Remove boot_order; or give another device of the domain a <boot order> and take <boot dev> out of <os> (virsh edit), then apply" +
			" again.",
	})
}

// RefuseLastInOrder refuses a place in the boot order for a disk that replaces the one at a target, where no other device has one: once
// that disk is taken out of the saved definition, [Host.RefuseUnfit] would refuse the new one.
func (p Placement) RefuseLastInOrder(target string, disk Disk) error {
	if disk.BootOrder == 0 || p.Domain.Saved == nil || p.Domain.Saved.bootOrderBeside(target) {
		return nil
	}
	return problem.At("boot_order", &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Disk %s of domain %q on hypervisor %q can't be replaced by one with a place in the boot order.", target, p.Domain.Name,
			p.Host.Label()),
		Why: "No other device of the domain has one. As soon as the disk is detached, libvirt adds <boot dev='hd'/> to the domain, which" +
			" excludes an order of devices.",
		Do: "Give another device of the domain, such as its network card, a <boot order> (virsh edit), and apply again. Or remove boot_order.",
	})
}

// bootOrderBeside tells whether a device other than the disk at a target has a place in the boot order; also where that can't be told.
func (d *Definition) bootOrderBeside(target string) bool {
	root, err := parse(d.text)
	if err != nil {
		return true
	}
	return slices.ContainsFunc(root.child("devices").Children, func(device element) bool {
		isDisk := device.XMLName.Local == "disk" && device.child("target").attr("dev") == target
		return !isDisk && device.child("boot").attr("order") != ""
	})
}

// DisksAt are the disks at a target, whoever attached them.
func (d Domain) DisksAt(target string) Disks {
	return Disks{Saved: d.Saved.DiskByTarget(target), Live: d.Live.DiskByTarget(target)}
}

// OwnAt are the disks of this provider at a target, whichever resource they belong to.
func (d Domain) OwnAt(target string) Disks {
	own := func(definition *Definition) *Disk {
		if disk := definition.DiskByTarget(target); disk != nil && disk.Own() {
			return disk
		}
		return nil
	}
	return Disks{Saved: own(d.Saved), Live: own(d.Live)}
}

// RefuseTaken refuses the target of a planned disk where another disk has it than the one that was found.
func (h *Host) RefuseTaken(domain Domain, planned Disk, found Disks) error {
	for _, definition := range []*Definition{domain.Live, domain.Saved} {
		if disk := definition.DiskByTarget(planned.Target); disk != nil && !found.Contains(*disk) {
			return problem.At("target_dev", h.targetTaken(domain, planned, *disk))
		}
	}
	return nil
}

// targetTaken is the error where another disk has the target of a planned one.
func (h *Host) targetTaken(domain Domain, planned, disk Disk) error {
	p := &problem.Problem{
		Kind: problem.Exists,
		What: fmt.Sprintf("Domain %q on hypervisor %q already has a disk %s: %s.", domain.Name, h.Label(), disk.Target, disk.DescribeSource()),
		Do:   "Choose another target_dev. A disk that somebody else attached is never changed from here.",
	}
	importID := problem.Word(fmt.Sprintf("%s/%s/%s", h.Label(), domain.Name, disk.Target))
	switch {
	case disk.Own():
		p.Why = "It is a disk of this provider, and not as this resource asks for it."
		p.Do = fmt.Sprintf("A replacement that keeps target_dev can't be made before the present disk is gone: remove create_before_destroy, or"+
			" change target_dev too. The disk of another resource is removed in one apply, and this one added in the next. One that no resource"+
			" has is imported: terraform import ADDRESS %s.", importID)
	case disk.Source() == planned.Source():
		p.Why = "It is a disk of the same pool and image, attached by somebody else or by an earlier configuration."
		p.Do = fmt.Sprintf("To manage that disk here, import it: terraform import ADDRESS %s. Otherwise choose another target_dev.", importID)
	}
	return p
}

// RefuseSource refuses another image for a disk of a running guest.
func (p Placement) RefuseSource(target, from, to string) error {
	change := "et on_source_change = \"live_copy\": the content is then copied to the other image, which has to hold nothing, and the guest" +
		" goes over to it. With \"replace\" the disk is detached from the running guest, and the other image attached."
	do := "S" + change
	if p.Domain.Persistent {
		do = "Shut the domain off and apply again: then the source is changed in place. Or s" + change
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("The source of disk %s can't be changed from %s to %s while domain %q runs on hypervisor %q.",
			target, from, to, p.Domain.Name, p.Host.Label()),
		Why: "It is another image, not a new name of the same one. Nothing but a copy makes a running guest's disk read another image.",
		Do:  do,
	}
}
