package libvirt

import (
	"cmp"
	"fmt"
	"strings"

	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// DescribeSource names what a disk reads, for messages: a file, a block device, a volume, or a network source with its protocol.
func DescribeSource(disk libvirtxml.DomainDisk) string {
	source := disk.Source
	switch {
	case source == nil:
	case source.Network != nil && source.Network.Name != "":
		return source.Network.Protocol + " source " + source.Network.Name
	case source.Network != nil && source.Network.Protocol != "":
		return source.Network.Protocol + " source"
	case source.File != nil && source.File.File != "":
		return "file " + source.File.File
	case source.Block != nil && source.Block.Dev != "":
		return "block device " + source.Block.Dev
	case source.Volume != nil && source.Volume.Volume != "":
		return "volume " + source.Volume.Pool + "/" + source.Volume.Volume
	case source.Dir != nil, source.NVME != nil, source.VHostUser != nil, source.VHostVDPA != nil, source.Ctl != nil:
		return "a source of another kind"
	}
	return "an empty drive"
}

// EmptyDrive tells whether a disk has no source at all, as a CD-ROM whose medium was ejected.
func EmptyDrive(disk libvirtxml.DomainDisk) bool {
	return DescribeSource(disk) == DescribeSource(libvirtxml.DomainDisk{})
}

// BackingDisks are what a disk's source hangs on, the nearest first, each as a disk of its own, as far as the definition tells.
func BackingDisks(disk libvirtxml.DomainDisk) []libvirtxml.DomainDisk {
	var chain []libvirtxml.DomainDisk
	for below := disk.BackingStore; below != nil; below = below.BackingStore {
		if below := (libvirtxml.DomainDisk{Source: below.Source}); !EmptyDrive(below) {
			chain = append(chain, below)
		}
	}
	return chain
}

// ShowsWholeImage tells whether a guest sees of a disk what is in its source, byte for byte, so that the sizes of both are the same.
// An encrypted image has a header besides, a slice is a part of it, and a format (qcow2) or an overlay has a size of its own.
func ShowsWholeImage(disk libvirtxml.DomainDisk) bool {
	if disk.Source == nil || disk.Encryption != nil || disk.Source.Encryption != nil || disk.Source.Slices != nil {
		return false
	}
	return !Layered(disk)
}

// Layered tells whether a disk has a format of its own, or hangs on another image.
func Layered(disk libvirtxml.DomainDisk) bool {
	return disk.Driver != nil && cmp.Or(disk.Driver.Type, "raw") != "raw" || len(BackingDisks(disk)) > 0
}

// sourceChanged is the answer for a disk that doesn't read any more what it did when it was read.
func (h *Host) sourceChanged(e errand, was, now libvirtxml.DomainDisk) error {
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Could not %s on %s.", e.doing, h.name()),
		Why:  fmt.Sprintf("Somebody has just given the disk another source: it was %s, and is %s now.", DescribeSource(was), DescribeSource(now)),
		Do:   "Plan again: the next refresh shows what is there.",
	}
}

// notWhole is the answer for a disk whose size isn't that of its image.
func (h *Host) notWhole(e errand, disk libvirtxml.DomainDisk) error {
	why := "It reads " + DescribeSource(disk)
	switch {
	case disk.Encryption != nil || disk.Source != nil && disk.Source.Encryption != nil:
		why += ", encrypted: depending on the engine and its release libvirt takes the size for that of the image or of its content, and" +
			" QEMU would grow the image, or cut it."
	case disk.Source != nil && disk.Source.Slices != nil:
		why += ", of which it shows a slice."
	default:
		why += ", which has a size of its own, in a format or an overlay."
	}
	return &problem.Problem{
		Kind: problem.Unsupported,
		What: fmt.Sprintf("Could not %s on %s.", e.doing, h.name()),
		Why:  why,
		Do:   "Shut the domain off and start it: then QEMU opens the image anew.",
	}
}

// readsFrom is what tells one source from another: its kind and its name.
func readsFrom(disk libvirtxml.DomainDisk) string {
	text := DescribeSource(disk)
	if disk.Source != nil && disk.Source.Network != nil && disk.Source.Network.Snapshot != nil {
		text = strings.Join([]string{text, disk.Source.Network.Snapshot.Name}, "@")
	}
	return text
}
