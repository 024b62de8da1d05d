package libvirtrbddisk

import (
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// tellsSize tells whether the running guest's disk is the image itself, so that the size of one is that of the other. Of any other disk
// the size is neither read nor told.
func (d disks) tellsSize(state *model, remembered memory) bool {
	return d.live != nil && known(sourceName(*d.live), state, remembered) && libvirt.ShowsWholeImage(*d.live)
}

// warnUntold warns that a running guest isn't told of a growth of its image.
func (p *planning) warnUntold(where *place, found disks) {
	why := "Its disk reads " + libvirt.DescribeSource(*found.live) + ", which has a size of its own, and doesn't follow the image's."
	if known(sourceName(*found.live), p.state, p.remembered) {
		why = "Its disk shows a part of the image, as the content of an encrypted one, or has a format of its own. libvirt can't be told its size" +
			" for certain: QEMU would grow the image again, or cut it.\n\nA guest with an encrypted disk sees the growth when the domain is next started" +
			" (a reboot inside the guest is not enough)."
	}
	p.diags.AddWarning(fmt.Sprintf("Size of disk %s not told to the running domain %q", p.plan.TargetDev.ValueString(), where.domain.Name), fmt.Sprintf(
		"The size is recorded as %s, and domain %q on hypervisor %q isn't told. %s", p.plan.Size.ValueString(), where.domain.Name, where.host.Label(), why))
}
