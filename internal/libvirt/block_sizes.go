package libvirt

import (
	"cmp"
	"fmt"

	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// BlockSizes are the sizes of a disk's blocks as the guest is told them, in bytes; 0 is QEMU's default.
type BlockSizes struct {
	Logical  uint // the smallest piece that the guest reads and writes, and in which partition tables count
	Physical uint // the smallest piece that is written without being read before
}

// SectorSize is the size of a disk's blocks where nobody has chosen another one, and the smallest.
const SectorSize = 512

// LargestBlock is the largest size of a block that QEMU takes.
const LargestBlock = 2 << 20

// effective are the sizes with QEMU's own where none are chosen: an RBD image tells it none.
func (s BlockSizes) effective() BlockSizes {
	return BlockSizes{Logical: cmp.Or(s.Logical, SectorSize), Physical: cmp.Or(s.Physical, SectorSize)}
}

func getBlockSizes(d *Disk, e *domainDisk) {
	block := value(e.BlockIO)
	d.BlockIO = BlockSizes{Logical: block.LogicalBlockSize, Physical: block.PhysicalBlockSize}
}

// setBlockSizes writes the sizes. The granularity of discards, which stands in the same element, stays.
func setBlockSizes(d *Disk, e *domainDisk) {
	block := value(e.BlockIO)
	block.LogicalBlockSize, block.PhysicalBlockSize = d.BlockIO.Logical, d.BlockIO.Physical
	e.BlockIO = nil
	if block != (libvirtxml.DomainDiskBlockIO{}) {
		e.BlockIO = &block
	}
}

// conflicts are combinations of block sizes that QEMU refuses or ignores, whatever the bus is.
func (s BlockSizes) conflicts(device string) []Conflict {
	if s == (BlockSizes{}) {
		return nil
	}
	var list []Conflict
	if device == DeviceCDROM {
		list = append(list, Conflict{[]string{"blockio", "device"}, "A CD-ROM has blocks of 2048 bytes, whatever blockio says. Remove it."})
	}
	if full := s.effective(); full.Logical > full.Physical {
		list = append(list, Conflict{[]string{"blockio"}, fmt.Sprintf("The logical block size, %d, is larger than the physical one, %d."+
			" QEMU refuses that. Set physical_block_size = %d, or a larger one.", full.Logical, full.Physical, full.Logical)})
	}
	return list
}

// onBus are combinations of block sizes with a bus that QEMU refuses or ignores.
func (s BlockSizes) onBus(bus string) []Conflict {
	switch {
	case s == (BlockSizes{}):
	case bus == "usb":
		return []Conflict{{[]string{"blockio", "bus"}, "A disk on bus \"usb\" has blocks of 512 bytes, whatever blockio says. Remove it, or" +
			" use bus \"scsi\" or \"virtio\"."}}
	case (bus == "sata" || bus == "ide") && s.effective().Logical != SectorSize:
		return []Conflict{{[]string{"blockio", "bus"}, fmt.Sprintf("A disk on bus %q has logical blocks of 512 bytes: QEMU refuses others."+
			" Remove logical_block_size, or use bus \"scsi\" or \"virtio\".", bus)}}
	}
	return nil
}

// BlockSizeWarnings tell that a disk with content gets logical blocks of another size, which makes the content unreadable to the guest. The
// domain is the one that has the disk.
func BlockSizeWarnings(is, will Disk, domain string) []problem.Warning {
	was, now := is.BlockIO.effective().Logical, will.BlockIO.effective().Logical
	if was == now {
		return nil
	}
	return []problem.Warning{{
		Argument: "blockio",
		Summary:  fmt.Sprintf("Disk %s of domain %q gets blocks of %d bytes", is.Target, domain, now),
		Text: fmt.Sprintf("The logical block size of disk %s (%s) of domain %q changes from %d to %d bytes. A partition table counts in these"+
			" blocks, and file systems may be made for one size: once the guest has the disk with the new one, it finds neither partitions nor"+
			" file systems that were made with the other, and doesn't boot from it. The content itself is not changed: with the former size it"+
			" can be read again.\n\nChange it only for an image that holds nothing, or of which the content is made anew.",
			is.Target, is.Source(), domain, was, now),
	}}
}
