package libvirtrbddisk

import (
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// pluggable tells whether the domain, if it runs, can get the disk.
func pluggable(domain libvirt.Domain, plan *model) bool {
	return libvirt.DiskHotPlug(domain.Live, plan.Bus.ValueString()) != libvirt.PlugsNever
}

// checkPlug refuses a new disk that a running guest can't get.
func checkPlug(where place, plan *model) error {
	if !where.domain.Active || pluggable(where.domain, plan) {
		return nil
	}
	bus, why, do := plan.Bus.ValueString(), "QEMU has no hot-plug on this bus.", "Use bus \"scsi\" or \"virtio\"; or shut the domain off, apply, and start it."
	if !where.domain.Persistent {
		do = "Use bus \"scsi\" or \"virtio\"; or start the domain with the disk in its definition."
	}
	if bus == "virtio" || bus == "scsi" {
		why = "Its definition has no <acpi/> in <features>, and QEMU has no hot-plug of PCI devices without it on this machine type."
		do = "Shut the domain off, apply, and start it."
		if !where.domain.Persistent {
			do = "Start the domain with the disk in its definition."
		}
	}
	return blame("bus", &problem.Problem{
		Kind: problem.Unsupported,
		What: fmt.Sprintf("A disk on bus %q can't be plugged into domain %q while it runs on hypervisor %q.", bus, where.domain.Name, where.host.Label()),
		Why:  why,
		Do:   do,
	})
}

// warnUnseen tells of a disk that a running guest may not notice.
func (p *planning) warnUnseen(where place) {
	target := p.plan.TargetDev.ValueString()
	if libvirt.DiskHotPlug(where.domain.Live, p.plan.Bus.ValueString()) != libvirt.PlugsUnseen {
		return
	}
	p.diags.AddWarning(fmt.Sprintf("The guest of domain %q may not notice disk %s", where.domain.Name, target), fmt.Sprintf(
		"Domain %q, which runs on hypervisor %q, has no <acpi/> in <features>. libvirt attaches the disk, but many guests notice neither its coming nor its going"+
			" without ACPI: it may be there only when the domain was shut off and started again, and a detach may wait in vain until then. To be sure, shut the"+
			" domain off, apply, and start it.", where.domain.Name, where.host.Label()))
}
