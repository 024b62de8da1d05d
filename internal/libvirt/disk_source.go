package libvirt

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

const emptyDrive = "an empty drive"

// DescribeSource names what a disk reads, for messages: a file, a block device, a volume, or a network source with its protocol.
func (d Disk) DescribeSource() string {
	if source := d.Source(); source != "" {
		return "rbd source " + source
	}
	if d.read == nil {
		return emptyDrive
	}
	return describeSource(d.read.element.Source)
}

func describeSource(source *libvirtxml.DomainDiskSource) string {
	switch kind, name := sourceKind(source); kind {
	case "":
		return emptyDrive
	case otherSource:
		return "a source of another kind"
	case "block":
		return "block device " + name
	case "file", "volume":
		return kind + " " + name
	default:
		return strings.TrimSpace(kind + " source " + name)
	}
}

// otherSource is the kind of a source that isn't told in words.
const otherSource = "other"

// SourceKind tells what a disk reads: the protocol of a network source, "file", "block", "volume" or "other", empty for an empty drive;
// and the source by its name.
func (d Disk) SourceKind() (kind, name string) {
	if d.read == nil {
		return "", ""
	}
	return sourceKind(d.read.element.Source)
}

func sourceKind(source *libvirtxml.DomainDiskSource) (kind, name string) {
	switch {
	case source == nil:
	case source.Network != nil && source.Network.Protocol+source.Network.Name != "":
		return source.Network.Protocol, source.Network.Name
	case source.File != nil && source.File.File != "":
		return "file", source.File.File
	case source.Block != nil && source.Block.Dev != "":
		return "block", source.Block.Dev
	case source.Volume != nil && source.Volume.Volume != "":
		return "volume", source.Volume.Pool + "/" + source.Volume.Volume
	case source.Dir != nil, source.NVME != nil, source.VHostUser != nil, source.VHostVDPA != nil, source.Ctl != nil:
		return otherSource, ""
	}
	return "", ""
}

// EmptyDrive tells whether a disk has no source at all, as a CD-ROM whose medium was ejected.
func (d Disk) EmptyDrive() bool { return d.DescribeSource() == emptyDrive }

// backing is the backing chain of a disk as far as the definition has it, the nearest first: disks with a source alone.
func (d Disk) backing() []Disk {
	if d.read == nil {
		return nil
	}
	var chain []Disk
	for _, source := range backingSources(d.read.element) {
		chain = append(chain, diskOf(domainDisk{Source: source}))
	}
	return chain
}

func backingSources(e domainDisk) []*libvirtxml.DomainDiskSource {
	var chain []*libvirtxml.DomainDiskSource
	for below := e.BackingStore; below != nil; below = below.BackingStore {
		if describeSource(below.Source) != emptyDrive {
			chain = append(chain, below.Source)
		}
	}
	return chain
}

// ShowsWholeImage tells whether a guest sees of a disk what is in its source, byte for byte, so that the sizes of both are the same.
// An encrypted image has a header besides, a slice is a part of it, and a format (qcow2) or an overlay has a size of its own.
func (d Disk) ShowsWholeImage() bool {
	if d.read == nil || d.read.element.Source == nil || d.encrypted() || d.read.element.Source.Slices != nil {
		return false
	}
	return !d.layered()
}

func (d Disk) encrypted() bool { return encryptionOf(d.read.element) != nil }

// layered tells whether a disk has a format of its own (qcow2), or a backing chain.
func (d Disk) layered() bool {
	return d.read != nil && (cmp.Or(value(d.read.element.Driver).Type, "raw") != "raw" || len(d.backing()) > 0)
}

// sourceChanged is the error for a disk whose source has changed since it was read.
func (h *Host) sourceChanged(op operation, was, now Disk) error {
	before, after := was.DescribeSource(), now.DescribeSource()
	if before == after {
		after += " of other monitors"
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Could not %s on %s.", op.doing, h.name()),
		Why:  fmt.Sprintf("Somebody has just given the disk another source: it was %s, and is %s now.", before, after),
		Do:   "Plan again: the next refresh shows what is there.",
	}
}

// notTold is the error for a disk of which the guest can't be told the size of its image.
func (h *Host) notTold(op operation, disk Disk) error {
	why := "It reads " + disk.DescribeSource()
	switch {
	case disk.ShowsWholeImage(): // of what libvirt resizes none
		why += ", which the guest only reads: libvirt tells nobody the size of such a disk."
	case disk.encrypted():
		why += ", encrypted: depending on the engine and its release libvirt takes the size for that of the image or of its content, and QEMU" +
			" would grow the image, or cut it."
	case value(disk.read.element.Source).Slices != nil:
		why += ", of which it shows a slice."
	default:
		why += ", which has a size of its own, in a format or an overlay."
	}
	return &problem.Problem{
		Kind: problem.Unsupported,
		What: fmt.Sprintf("Could not %s on %s.", op.doing, h.name()),
		Why:  why,
		Do:   "Shut the domain off and start it: then QEMU opens the image anew.",
	}
}

// opensLike tells whether two definitions open the same source in the same way: clusters have images of the same name, and only the
// monitors, or the ceph.conf that names them, tell those apart.
func (d Disk) opensLike(other Disk) bool {
	return d.readsFrom() == other.readsFrom() && d.ConfigFile == other.ConfigFile &&
		slices.Equal(SortMonitors(d.Monitors), SortMonitors(other.Monitors))
}

// readsFrom is what tells one source of a cluster from another: its kind and its name.
func (d Disk) readsFrom() string {
	text := d.DescribeSource()
	if d.Snapshot != "" {
		text += "@" + d.Snapshot
	}
	return text
}
