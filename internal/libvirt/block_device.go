package libvirt

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// DiskBytes returns the size in bytes that a disk has for the running QEMU, and so for the guest. The image may have grown since.
//
// Similar to: virsh domblkinfo DOMAIN TARGET.
func (h *Host) DiskBytes(ctx context.Context, domainUUID, target string) (uint64, error) {
	op := operation{doing: fmt.Sprintf("read the size of disk %s of domain %s", target, domainUUID), absent: rpc.ErrNoDomain}
	found, err := h.domainByUUID(ctx, op, domainUUID)
	if err != nil {
		return 0, err
	}
	return h.capacity(ctx, op, found, target)
}

// capacity is the size in bytes that a disk has for the running QEMU.
func (h *Host) capacity(ctx context.Context, op operation, found rpc.Domain, target string) (uint64, error) {
	return read(ctx, h, op, onDisk("DomainGetBlockInfo", found.Name, target), func(l *rpc.Libvirt) (uint64, error) {
		_, capacity, _, err := l.DomainGetBlockInfo(found, target, 0)
		return capacity, err
	})
}

// ResizeDisk tells a running guest the size in bytes of an image that has grown. The disk is named as it was read. The image has
// to have this size already: QEMU would resize it otherwise. A size below the one that QEMU knows is problem.Refused, because
// QEMU would cut the image. A disk whose size isn't that of its image, as of an encrypted one, or that is only read, is
// problem.Unsupported. A disk that isn't there any more is problem.NotFound.
//
// Similar to: virsh blockresize DOMAIN TARGET SIZE.
func (h *Host) ResizeDisk(ctx context.Context, domainUUID string, disk Disk, bytes uint64) error {
	target := disk.Target
	op := operation{doing: fmt.Sprintf("tell domain %s the new size of disk %s", domainUUID, target), changes: true}
	found, unlock, err := h.changing(ctx, op, domainUUID)
	if err != nil {
		return err
	}
	defer unlock()
	disks, err := h.currentDisks(ctx, op, found, disk, Live)
	if err != nil {
		return err
	}
	if !disks[0].ShowsWholeImage() || disks[0].OnlyReads() {
		return h.notTold(op, disks[0])
	}
	known, err := h.capacity(ctx, op, found, target)
	if err != nil {
		return err
	}
	if bytes == known {
		return nil
	}
	if bytes < known {
		return &problem.Problem{
			Kind: problem.Refused,
			What: fmt.Sprintf("Disk %s of domain %s on %s was not resized.", target, domainUUID, h.name()),
			Why: fmt.Sprintf("The guest knows %d bytes, and %d are asked for. QEMU would cut the image off there, and its data with"+
				" it.", known, bytes),
			Do: "Set size to the size of the image. An image is made smaller only with allow_shrink, while no guest uses it.",
		}
	}
	_, err = change(ctx, h, op, onDisk("DomainBlockResize", found.Name, target), nothing(func(l *rpc.Libvirt) error {
		return l.DomainBlockResize(found, target, bytes, rpc.DomainBlockResizeBytes)
	}))
	return err
}

// SetIOTune sets all I/O limits of a disk, live, saved or both: what is left out is unlimited. The disk is named as it was read. It reads
// back what it wrote. A disk that isn't there any more is problem.NotFound.
//
// Similar to: virsh blkdeviotune DOMAIN TARGET --live --config.
func (h *Host) SetIOTune(ctx context.Context, domainUUID string, disk Disk, wanted Limits, where Where) error {
	target := disk.Target
	op := operation{doing: fmt.Sprintf("set the I/O limits of disk %s of domain %s", target, domainUUID), changes: true}
	found, unlock, err := h.changing(ctx, op, domainUUID)
	if err != nil {
		return err
	}
	defer unlock()
	before, err := h.currentDisks(ctx, op, found, disk, where)
	if err != nil {
		return err
	}
	set := func(limits Limits) error {
		_, err := change(ctx, h, op, onDisk("DomainSetBlockIOTune", found.Name, target), nothing(func(l *rpc.Libvirt) error {
			return l.DomainSetBlockIOTune(found, target, limits.parameters(), where.flags())
		}))
		return err
	}
	if wanted.Group == "" && slices.ContainsFunc(before, func(d Disk) bool { return d.Limits.Group != "" }) {
		// A disk leaves its group only when it has no limit: libvirt keeps a group that a call doesn't name.
		if err := set(Limits{}); err != nil {
			return err
		}
	}
	if err := set(wanted); err != nil {
		return err
	}
	after, err := h.currentDisks(ctx, op, found, disk, where)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(after, func(d Disk) bool { return !reflect.DeepEqual(wanted.normal(), d.Limits) }) {
		return &problem.Problem{
			Kind: problem.Unsupported,
			What: fmt.Sprintf("The I/O limits of disk %s of domain %s on %s are not as they were asked for.", target, domainUUID, h.name()),
			Why:  "libvirt reported success, but kept other values.",
			Do:   "Compare iotune with what virsh blkdeviotune shows, and leave out what this release of libvirt doesn't know.",
		}
	}
	return nil
}

// currentDisks are a disk as it is now in each of these definitions. It is problem.NotFound where one of them doesn't have it.
func (h *Host) currentDisks(ctx context.Context, op operation, found rpc.Domain, disk Disk, where Where) ([]Disk, error) {
	var disks []Disk
	for _, one := range []Where{Live, Saved} {
		if where&one == 0 {
			continue
		}
		now, err := h.currentDisk(ctx, op, found, disk, one)
		if err != nil {
			return nil, err
		}
		if now == nil {
			return nil, h.noDisk(op, disk.Target)
		}
		disks = append(disks, *now)
	}
	return disks, nil
}
