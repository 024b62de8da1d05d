package libvirt

import (
	"context"
	"fmt"
	"strings"

	rpc "github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// ownAlias is how an alias starts that libvirt keeps as it is given; all others are libvirt's own to choose.
const ownAlias = "ua-"

// DiskByTarget returns the disk with this target (vdb), nil where the definition has none or is nil itself.
func DiskByTarget(doc *libvirtxml.Domain, target string) *libvirtxml.DomainDisk {
	return diskWhere(doc, func(d libvirtxml.DomainDisk) bool { return targetOf(d) == target })
}

// DiskByAlias returns the disk with this alias, nil where the definition has none or is nil itself.
func DiskByAlias(doc *libvirtxml.Domain, alias string) *libvirtxml.DomainDisk {
	return diskWhere(doc, func(d libvirtxml.DomainDisk) bool { return alias != "" && aliasOf(d) == alias })
}

// DiskAuth returns a disk's credentials, which libvirt keeps beside the source or within it; nil where it has none.
func DiskAuth(disk libvirtxml.DomainDisk) *libvirtxml.DomainDiskAuth {
	if disk.Source != nil && disk.Source.Network != nil && disk.Source.Network.Auth != nil {
		return disk.Source.Network.Auth
	}
	return disk.Auth
}

func diskWhere(doc *libvirtxml.Domain, is func(libvirtxml.DomainDisk) bool) *libvirtxml.DomainDisk {
	if doc == nil || doc.Devices == nil {
		return nil
	}
	for i := range doc.Devices.Disks {
		if is(doc.Devices.Disks[i]) {
			return &doc.Devices.Disks[i]
		}
	}
	return nil
}

func targetOf(disk libvirtxml.DomainDisk) string {
	if disk.Target == nil {
		return ""
	}
	return disk.Target.Dev
}

func aliasOf(disk libvirtxml.DomainDisk) string {
	if disk.Alias == nil {
		return ""
	}
	return disk.Alias.Name
}

// theSame finds a disk, as it was read before, in a definition as it is now: by its own alias where it has one, otherwise
// by target and source. Somebody else's disk on the same target is not it.
func theSame(doc *libvirtxml.Domain, disk libvirtxml.DomainDisk) *libvirtxml.DomainDisk {
	if alias := aliasOf(disk); strings.HasPrefix(alias, ownAlias) {
		return DiskByAlias(doc, alias)
	}
	there := DiskByTarget(doc, targetOf(disk))
	if there == nil || DescribeSource(*there) != DescribeSource(disk) || strings.HasPrefix(aliasOf(*there), ownAlias) {
		return nil
	}
	return there
}

// AttachDisk attaches a disk to the running domain, to its saved definition, or to both at once. When the error's kind is
// problem.Unreachable its outcome isn't known: read the domain again.
//
// Similar to: virsh attach-device --live --config.
func (h *Host) AttachDisk(ctx context.Context, domainUUID string, disk libvirtxml.DomainDisk, where Where) error {
	e := errand{doing: fmt.Sprintf("attach disk %s to domain %s", targetOf(disk), domainUUID), changes: true, advice: attachAdvice}
	found, unlock, err := h.changing(ctx, e, domainUUID)
	if err != nil {
		return err
	}
	defer unlock()
	text, err := disk.Marshal()
	if err != nil {
		return h.fail(e, err)
	}
	_, err = change(ctx, h, e, nothing(func(l *rpc.Libvirt) error {
		return l.DomainAttachDeviceFlags(found, text, where.flags())
	}))
	return err
}

var attachAdvice = map[rpc.ErrorNumber]meaning{
	rpc.ErrInternalError:   {problem.Other, "libvirt or QEMU on the host refused the disk.", "Change what the reply names, then apply again."},
	rpc.ErrOperationFailed: {problem.Other, "libvirt or QEMU on the host refused the disk.", "Change what the reply names, then apply again."},
}

// UpdateSavedDisk replaces a disk, as it was read, in the saved definition, and reads it back: libvirt reports success for fields
// that it leaves as they are. The target stays. A running guest isn't touched. A disk that isn't there any more is
// problem.NotFound, also where somebody else's has its target now. One that reads something else by now, or that would lose what
// libvirtxml doesn't know, is refused.
//
// Similar to: virsh update-device --config.
func (h *Host) UpdateSavedDisk(ctx context.Context, domainUUID string, was, disk libvirtxml.DomainDisk) error {
	target := targetOf(disk)
	e := errand{doing: fmt.Sprintf("change disk %s in the saved definition of domain %s", target, domainUUID), changes: true}
	found, unlock, err := h.changing(ctx, e, domainUUID)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := h.disksThere(ctx, e, found, was, Saved); err != nil {
		return err
	}
	before, err := h.describeDomain(ctx, errand{doing: e.doing, absent: rpc.ErrNoDomain}, found)
	if err != nil {
		return err
	}
	if err := h.RefuseLoss(before, was, Saved); err != nil {
		return err
	}
	text, err := disk.Marshal()
	if err != nil {
		return h.fail(e, err)
	}
	if _, err = change(ctx, h, e, nothing(func(l *rpc.Libvirt) error {
		return l.DomainUpdateDeviceFlags(found, text, rpc.DomainDeviceModifyConfig)
	})); err != nil {
		return err
	}
	after, _, err := h.definition(ctx, errand{doing: e.doing, absent: rpc.ErrNoDomain}, found, rpc.DomainXMLInactive)
	if err != nil {
		return err
	}
	saved := DiskByTarget(after, target)
	if saved == nil {
		return h.noDisk(e, target)
	}
	if different := differences(disk, *saved); len(different) > 0 {
		return &problem.Problem{
			Kind: problem.Unsupported,
			What: fmt.Sprintf("Disk %s in the saved definition of domain %s on %s is not as it was asked for.", target, domainUUID, h.name()),
			Why:  "libvirt reported success, but kept its own value of: " + strings.Join(different, ", ") + ".",
			Do:   "Take these attributes back, or update libvirt on the host.",
		}
	}
	return nil
}

func (h *Host) noDisk(e errand, target string) error {
	return &problem.Problem{
		Kind: problem.NotFound,
		What: fmt.Sprintf("Could not %s on %s.", e.doing, h.name()),
		Why:  fmt.Sprintf("The domain doesn't have this disk as %s any more: it is gone, or another one is in its place.", target),
		Do:   "Plan again: the next refresh shows what is there.",
	}
}
