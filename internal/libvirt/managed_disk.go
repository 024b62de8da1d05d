package libvirt

import (
	"fmt"
	"slices"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// ManagedDisk is what a disk of this provider is found by in a domain.
type ManagedDisk struct {
	// Alias is the recorded one. The one that this provider gives to a disk of this domain and target counts too.
	Alias, Target string
	// Imported disks that had no alias of this provider are found by target and source.
	Imported bool
	// Sources are the names that the image has and had.
	Sources []string
	// Unasked are fields, by their names, about which nobody has asked for anything: they stay as they are.
	Unasked []string
}

// Find finds the disk in both definitions.
func (m ManagedDisk) Find(d Domain) Disks {
	return Disks{Saved: m.in(d.Saved, d.UUID), Live: m.in(d.Live, d.UUID)}
}

func (m ManagedDisk) in(definition *Definition, domainUUID string) *Disk {
	for _, alias := range []string{m.Alias, OwnAlias(domainUUID, m.Target)} {
		if disk := definition.diskByAlias(alias); disk != nil {
			return disk
		}
	}
	disk := definition.DiskByTarget(m.Target)
	if !m.Imported || disk == nil || disk.Own() || !m.ReadBy(*disk) && !m.backingOf(*disk) && !disk.EmptyDrive() {
		return nil
	}
	return disk
}

// ReadBy tells whether a disk reads the image, as it is called or was.
func (m ManagedDisk) ReadBy(disk Disk) bool {
	return disk.Source() != "" && slices.Contains(m.Sources, disk.Source())
}

// backingOf tells whether a disk is an overlay on the image.
func (m ManagedDisk) backingOf(disk Disk) bool { return slices.ContainsFunc(disk.backing(), m.ReadBy) }

// Exchanged tells whether a disk reads what no field can show: somebody has put an overlay on its image, or has given it a file or an
// empty drive instead. Another image by hand, raw as ours, is not meant: the fields show it.
func (m ManagedDisk) Exchanged(disk *Disk) bool {
	return disk != nil && (disk.Source() == "" || !m.ReadBy(*disk) && disk.layered())
}

// ExchangedIn is the disk, of the running domain or of the saved definition, whose source somebody has exchanged; nil where it is ours.
func (m ManagedDisk) ExchangedIn(found Disks) *Disk {
	for _, disk := range found.Each() {
		if m.Exchanged(disk) {
			return disk
		}
	}
	return nil
}

// foreignIn is the disk whose source is none of the image's names, or was exchanged; nil where there is none, and for an empty drive.
func (m ManagedDisk) foreignIn(found Disks) *Disk {
	for _, disk := range found.Each() {
		if !disk.EmptyDrive() && (!m.ReadBy(*disk) || m.Exchanged(disk)) {
			return disk
		}
	}
	return nil
}

// TellsSize tells whether the running guest can be told a size of its image: the disk is the image itself, so that the size of one is that
// of the other, and libvirt resizes it, as it does none that is only read.
func (m ManagedDisk) TellsSize(found Disks) bool {
	return found.Live != nil && m.ReadBy(*found.Live) && found.Live.ShowsWholeImage() && !found.Live.OnlyReads()
}

// ComparableFields tells which fields of a disk can be compared with what is asked for: those about which anything was, and where somebody
// has exchanged the source, those of the device alone. Nil is all.
func (m ManagedDisk) ComparableFields(disk *Disk) func(DiskField) bool {
	exchanged := m.Exchanged(disk)
	if !exchanged && len(m.Unasked) == 0 {
		return nil
	}
	return func(f DiskField) bool { return (!exchanged || !f.Source) && !slices.Contains(m.Unasked, f.Name) }
}

// ExplainExchange tells what a disk reads instead of its image, and the way back.
func (m ManagedDisk) ExplainExchange(domain Domain, found Disks, disk Disk) (why, do string) {
	image, name := m.Sources[0], problem.Word(domain.Name)
	why = fmt.Sprintf("Somebody has given it another source: it was %s, and is %s now.", image, disk.DescribeSource())
	switch {
	case disk.EmptyDrive():
		why = fmt.Sprintf("Its medium was ejected: it was %s, and is an empty drive now.", image)
		return why, "To put the image back: terraform taint ADDRESS, then terraform apply. The drive is then detached, and attached anew with" +
			" the image."
	case found.Saved != nil && found.Live != nil && !m.Exchanged(found.Live):
		return why + " That is in the saved definition only; the running guest has the image.",
			fmt.Sprintf("If that is a mistake: virsh detach-disk %s %s --config, then terraform apply, which adds the disk to the saved definition"+
				" again. Otherwise end its management here: terraform state rm ADDRESS.", name, m.Target)
	case m.backingOf(disk):
		why += fmt.Sprintf(" It is an overlay, as of a snapshot: it hangs on %s, and holds what the guest has written since.", image)
		do = fmt.Sprintf("virsh blockcommit %s %s --active --pivot writes it into the image, and brings the image back.", name, m.Target)
	default:
		why += fmt.Sprintf(" Its definition doesn't tell that it hangs on %s. What the guest has written since is not in the image.", image)
		do = fmt.Sprintf("virsh blockcopy %s %s with the image as destination (--xml, --reuse-external, --transient-job, --pivot) brings the"+
			" image back; or end the disk's management here: terraform state rm ADDRESS.", name, m.Target)
	}
	if !domain.Active {
		return why, "Start the domain first. " + do
	}
	return why, do
}

// RefuseExchanged refuses what can't be done to a disk whose source somebody has exchanged: what is the end of a sentence that begins
// with the disk.
func (h *Host) RefuseExchanged(domain Domain, managed ManagedDisk, found Disks, disk Disk, what string) error {
	why, do := managed.ExplainExchange(domain, found, disk)
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Disk %s of domain %q on hypervisor %q %s.", managed.Target, domain.Name, h.Label(), what),
		Why:  why,
		Do:   do,
	}
}

// RefuseForeign refuses to detach a disk that reads something else than its image.
func (h *Host) RefuseForeign(domain Domain, managed ManagedDisk, found Disks) error {
	disk := managed.foreignIn(found)
	if disk == nil {
		return nil
	}
	return h.RefuseExchanged(domain, managed, found, *disk, "is not detached, and nothing was changed")
}
