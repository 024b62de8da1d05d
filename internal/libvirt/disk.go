package libvirt

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"libvirt.org/go/libvirtxml"
)

// Disk is a disk of a domain. What its element has beside these fields stays in it as it was read.
type Disk struct {
	Target string // its name in the domain, such as vdb
	Bus    string // such as virtio
	Device string // disk, cdrom, or what else libvirt has
	Alias  string // empty in most saved definitions: libvirt keeps only those that begin with "ua-"

	// The source, where it is an RBD image.
	Pool, Namespace, Image string
	Snapshot               string    // empty for the image itself
	Monitors               []Monitor // in the order of the definition
	ConfigFile             string    // the ceph.conf on the host

	Encryption      Encryption
	PassphraseUsage string // as SecretUsage, of the secret with the passphrase

	User        string // without "client."
	SecretUUID  string // in any spelling
	SecretUsage string // where the definition names the secret by its usage; the UUID is known after [Host.NameSecrets]

	Cache, IO, Discard, DetectZeroes, ErrorPolicy string // empty is libvirt's default
	IOThread, Queues                              uint   // 0 is libvirt's default
	CopyOnRead, ReadOnly, Shareable               bool
	Serial, WWN                                   string
	BlockIO                                       BlockSizes
	QueueSize                                     uint     // of each virtqueue, 0 is QEMU's default
	RotationRate                                  uint     // per minute, 1 for a disk that doesn't rotate; 0 tells the guest nothing
	Vendor, Product                               string   // empty is QEMU's default
	BootOrder                                     uint     // 0 for none
	Address                                       *Address // nil where libvirt chooses it, or where it is of a type that isn't known here
	Limits                                        Limits

	read *diskRead
}

// diskRead is a disk as it was read.
type diskRead struct {
	element domainDisk
	// Those of the secrets that the element names by their usage, once they were looked up.
	secretUUID, passphraseUUID string
	definition                 string // the text of the domain's definition, as libvirt wrote it; empty where there is none
	nth                        int    // its index among the disks of the definition
}

type domainDisk = libvirtxml.DomainDisk

// diskOf is the disk that an element describes.
func diskOf(element domainDisk) Disk {
	d := fieldsOf(element)
	d.read = &diskRead{element: element}
	return d
}

func fieldsOf(element domainDisk) Disk {
	d := Disk{}
	if element.Alias != nil {
		d.Alias = element.Alias.Name
	}
	for _, f := range DiskFields {
		f.get(&d, &element)
	}
	if auth := authOf(element); auth != nil && auth.Secret != nil {
		d.SecretUsage = auth.Secret.Usage
	}
	if found := encryptionOf(element); found != nil && len(found.Secrets) > 0 {
		d.PassphraseUsage = found.Secrets[0].Usage
	}
	return d
}

// Element is the disk as libvirt's XML. Of a disk that was read only the fields that were changed since are written.
func (d Disk) Element() (string, error) {
	element, err := d.xml()
	if err != nil {
		return "", err
	}
	return element.Marshal()
}

func (d Disk) xml() (domainDisk, error) {
	was := Disk{}
	element := domainDisk{
		Driver: newDriver(),
		Source: &libvirtxml.DomainDiskSource{Network: &libvirtxml.DomainDiskSourceNetwork{Protocol: "rbd"}},
	}
	if d.read != nil {
		var err error
		if element, err = copied(d.read.element); err != nil {
			return element, err
		}
		was = d.asRead()
	}
	for _, f := range DiskFields {
		if !f.Same(was, d) {
			f.set(&d, &element)
		}
	}
	if d.Alias != was.Alias {
		element.Alias = nil
		if d.Alias != "" {
			element.Alias = &libvirtxml.DomainAlias{Name: d.Alias}
		}
	}
	return element, nil
}

func copied(element domainDisk) (domainDisk, error) {
	var other domainDisk
	text, err := element.Marshal()
	if err == nil {
		err = other.Unmarshal(text)
	}
	if err != nil {
		return other, fmt.Errorf("copy the definition of a disk: %w", err)
	}
	return other, nil
}

// asRead is a disk as it was before it was changed. It shares no field with the disk: one that is changed in place is a change too.
func (d Disk) asRead() Disk {
	if d.read == nil {
		return d
	}
	was := fieldsOf(d.read.element)
	was.SecretUUID, was.read = cmp.Or(was.SecretUUID, d.read.secretUUID), d.read
	was.Encryption.SecretUUID = cmp.Or(was.Encryption.SecretUUID, d.read.passphraseUUID)
	return was
}

// Changed names the fields in which a disk that was read isn't any more as it was.
func (d Disk) Changed() []string {
	return DiffDisks(d.asRead(), d, nil)
}

// ForSaved is a disk of the running domain without what only a running one has, as it can be written to the saved definition.
func (d Disk) ForSaved() (Disk, error) {
	element, err := d.xml()
	if err != nil {
		return d, err
	}
	// The group of limits that libvirt made is named after an alias that another disk may have at the next start.
	if element.IOTune != nil && ownGroup(element.IOTune.GroupName, d.asRead().Alias) {
		element.IOTune.GroupName = ""
	}
	if !strings.HasPrefix(d.Alias, givenAlias) {
		element.Alias = nil
	}
	element.Mirror = nil
	if len(backingSources(element)) == 0 {
		element.BackingStore = nil
	}
	if element.Source != nil {
		element.Source.Index = 0
	}
	for below := element.BackingStore; below != nil; below = below.BackingStore {
		if below.Index = 0; below.Source != nil {
			below.Source.Index = 0
		}
	}
	saved := diskOf(element)
	saved.SecretUUID, saved.read.secretUUID = d.SecretUUID, d.SecretUUID
	saved.Encryption.SecretUUID, saved.read.passphraseUUID = d.Encryption.SecretUUID, d.Encryption.SecretUUID
	return saved, nil
}

// hasAddress tells whether the definition has an address of the disk, of a type that is known here or not.
func (d Disk) hasAddress() bool {
	return d.Address != nil || d.read != nil && d.read.element.Address != nil
}

// withoutAddress is the disk without an address, so that libvirt chooses one.
func (d Disk) withoutAddress() Disk {
	d.Address = nil
	if d.read != nil {
		read := *d.read
		read.element.Address = nil
		d.read = &read
	}
	return d
}

// aliasPrefix starts the aliases of all disks of this provider.
const aliasPrefix = givenAlias + "terraform-"

// givenAlias is how an alias starts that libvirt keeps as it is given; all others are libvirt's own to choose.
const givenAlias = "ua-"

// OwnAlias is the alias of a disk of this provider. It names the domain too, so that a copy of the domain's definition under another
// UUID is not taken for a disk of this provider.
func OwnAlias(domainUUID, target string) string {
	sum := sha256.Sum256([]byte(domainUUID + "/" + target))
	return aliasPrefix + target + "-" + hex.EncodeToString(sum[:4])
}

// Own tells whether the disk has an alias of this provider.
func (d Disk) Own() bool { return strings.HasPrefix(d.Alias, aliasPrefix) }

// OnlyReads tells whether the guest can't write the disk: libvirt makes every CD-ROM read-only.
func (d Disk) OnlyReads() bool { return d.ReadOnly || d.Snapshot != "" || d.Device == DeviceCDROM }

// Disks are one disk as the saved definition and the running domain have it; nil where it isn't there.
type Disks struct {
	Saved, Live *Disk
}

// SavedOrLive is the disk of the saved definition, or that of the running domain where the saved one lacks it; nil where both do.
func (d Disks) SavedOrLive() *Disk {
	if d.Saved != nil {
		return d.Saved
	}
	return d.Live
}

// Each are those that are not nil, the live one first.
func (d Disks) Each() []*Disk {
	return slices.DeleteFunc([]*Disk{d.Live, d.Saved}, func(disk *Disk) bool { return disk == nil })
}

// Where says in which definitions the disk is.
func (d Disks) Where() Where {
	var where Where
	if d.Saved != nil {
		where |= Saved
	}
	if d.Live != nil {
		where |= Live
	}
	return where
}

// HasTarget tells whether the disk has this target in one of the definitions.
func (d Disks) HasTarget(target string) bool {
	return slices.ContainsFunc(d.Each(), func(disk *Disk) bool { return disk.Target == target })
}

// Contains tells whether another disk of one of the definitions is this one.
func (d Disks) Contains(other Disk) bool {
	return slices.ContainsFunc(d.Each(), func(disk *Disk) bool { return disk.Target == other.Target && disk.Alias == other.Alias })
}

// PendingRestart tells whether the running guest has another disk than the saved definition describes, monitors aside.
func (d Disks) PendingRestart() bool {
	return d.Saved != nil && d.Live != nil &&
		len(DiffDisks(*d.Saved, *d.Live, func(f DiskField) bool { return f.Effect != AtOnce && f.Name != "monitors" })) > 0
}

// MonitorsStale tells whether the running guest knows other monitors than the saved definition names.
func (d Disks) MonitorsStale() bool {
	return d.Saved != nil && d.Live != nil && len(DiffDisks(*d.Saved, *d.Live, func(f DiskField) bool { return f.Name == "monitors" })) > 0
}

// sameDisk finds a disk, as it was read before, in a definition as it is now: by its own alias where it has one, otherwise
// by target and source. Somebody else's disk on the same target is not it.
func sameDisk(now *Definition, disk Disk) *Disk {
	if strings.HasPrefix(disk.Alias, givenAlias) {
		return now.diskByAlias(disk.Alias)
	}
	there := now.DiskByTarget(disk.Target)
	if there == nil || there.DescribeSource() != disk.DescribeSource() || strings.HasPrefix(there.Alias, givenAlias) {
		return nil
	}
	return there
}
