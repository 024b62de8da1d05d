package libvirt

import (
	"cmp"

	"libvirt.org/go/libvirtxml"
)

// The engines that decrypt a disk.
const (
	EngineLibrbd = "librbd"
	EngineQEMU   = "qemu"
)

// Encryption is how a disk's image is encrypted; empty for one that isn't.
type Encryption struct {
	Format     string // luks, luks2, luks-any, or what else libvirt has
	Engine     string // empty is librbd
	SecretUUID string // of the passphrase, in any spelling; empty where the definition names it by its usage
}

// Same tells whether another encryption differs at most in the secret, which QEMU takes when it next opens the image.
func (e Encryption) Same(other Encryption) bool {
	e.SecretUUID, other.SecretUUID = "", ""
	return e.normal() == other.normal()
}

// byLibrbd tells whether librbd decrypts the disk.
func (e Encryption) byLibrbd() bool { return e.Format != "" && e.normal().Engine == EngineLibrbd }

func (e Encryption) normal() Encryption {
	if e.Format == "" {
		return Encryption{}
	}
	return Encryption{Format: e.Format, Engine: cmp.Or(e.Engine, EngineLibrbd), SecretUUID: CanonicalUUID(e.SecretUUID)}
}

// conflicts are combinations that libvirt refuses.
func (e Encryption) conflicts() []Conflict {
	if e.Engine != EngineQEMU || e.Format != "luks2" && e.Format != "luks-any" {
		return nil
	}
	return []Conflict{{[]string{"encryption"}, "QEMU itself doesn't decrypt " + e.Format + ". Leave engine out, so that librbd does; or" +
		" format the image as luks1 and set format = \"luks\"."}}
}

// encryptionOf is how a disk's source is encrypted, which libvirt keeps beside the source or within it; nil where it isn't.
func encryptionOf(e domainDisk) *libvirtxml.DomainDiskEncryption {
	if e.Source != nil && e.Source.Encryption != nil {
		return e.Source.Encryption
	}
	return e.Encryption
}

// getEncryption reads how a disk is encrypted. Where no engine is named libvirt lets QEMU decrypt.
func getEncryption(d *Disk, e *domainDisk) {
	d.Encryption = Encryption{}
	found := encryptionOf(*e)
	if found == nil {
		return
	}
	d.Encryption = Encryption{Format: found.Format, Engine: cmp.Or(found.Engine, EngineQEMU)}
	if len(found.Secrets) > 0 {
		d.Encryption.SecretUUID = found.Secrets[0].UUID
	}
}

func setEncryption(d *Disk, e *domainDisk) {
	wanted := d.Encryption.normal()
	if wanted.Format == "" {
		e.Encryption = nil
		if e.Source != nil {
			e.Source.Encryption = nil
		}
		return
	}
	there := encryptionOf(*e)
	if there == nil {
		networkIn(e) // makes the source
		there = &libvirtxml.DomainDiskEncryption{}
		e.Source.Encryption = there
	}
	there.Format, there.Engine = wanted.Format, wanted.Engine
	if len(there.Secrets) == 0 {
		there.Secrets = make([]libvirtxml.DomainDiskSecret, 1)
	}
	// The first one is the image's own; those of a clone's parents come after it.
	if CanonicalUUID(there.Secrets[0].UUID) != wanted.SecretUUID {
		there.Secrets[0] = libvirtxml.DomainDiskSecret{Type: "passphrase", UUID: wanted.SecretUUID}
	}
}
