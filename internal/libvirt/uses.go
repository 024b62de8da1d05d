package libvirt

import (
	"context"

	"libvirt.org/go/libvirtxml"
)

// DomainUse is a disk of a domain.
type DomainUse struct {
	// Domain is the domain's name, UUID its UUID, Target the disk's target (vdb).
	Domain, UUID, Target string
	// Active means that the running domain has the disk, not only the saved definition.
	Active bool
}

// SecretUsers lists the disks that refer to a secret, by its UUID or by its usage name, in the saved definition or in the
// running domain. Either may be empty.
//
// Similar to: virsh dumpxml, of each domain.
func (h *Host) SecretUsers(ctx context.Context, uuid, usage string) ([]DomainUse, error) {
	id, _, _ := normalUUID(uuid)
	refers := func(s *libvirtxml.DomainDiskSecret) bool {
		if s == nil {
			return false
		}
		if s.UUID != "" {
			other, _, _ := normalUUID(s.UUID)
			return id != "" && other == id
		}
		return usage != "" && s.Usage == usage
	}
	return h.FindImage(ctx, func(disk libvirtxml.DomainDisk) bool {
		if auth := DiskAuth(disk); auth != nil && refers(auth.Secret) {
			return true
		}
		for _, encryption := range []*libvirtxml.DomainDiskEncryption{disk.Encryption, sourceEncryption(disk.Source)} {
			if encryption == nil {
				continue
			}
			for i := range encryption.Secrets {
				if refers(&encryption.Secrets[i]) {
					return true
				}
			}
		}
		return false
	})
}

// FindImage lists the disks that match, in saved definitions and in running domains, block copies under way included (the
// match is then asked with a disk that has the copy's destination as its source). A disk that is in both definitions of a
// domain is one use. This provider's own probes are left out.
//
// Similar to: virsh domblklist, of each domain.
func (h *Host) FindImage(ctx context.Context, match func(libvirtxml.DomainDisk) bool) ([]DomainUse, error) {
	domains, err := h.Domains(ctx)
	if err != nil {
		return nil, err
	}
	var uses []DomainUse
	for _, d := range domains {
		seen := map[string]bool{}
		add := func(doc *libvirtxml.Domain, active bool) {
			for _, target := range matchingTargets(doc, match) {
				if !seen[target] {
					seen[target] = true
					uses = append(uses, DomainUse{Domain: d.Name, UUID: d.UUID, Target: target, Active: active})
				}
			}
		}
		add(d.Live, true)
		add(d.Saved, false)
	}
	return uses, nil
}

func matchingTargets(doc *libvirtxml.Domain, match func(libvirtxml.DomainDisk) bool) []string {
	if doc == nil || doc.Devices == nil {
		return nil
	}
	var targets []string
	for _, disk := range doc.Devices.Disks {
		if match(disk) || disk.Mirror != nil && match(libvirtxml.DomainDisk{Target: disk.Target, Source: disk.Mirror.Source}) {
			targets = append(targets, targetOf(disk))
		}
	}
	return targets
}

func sourceEncryption(source *libvirtxml.DomainDiskSource) *libvirtxml.DomainDiskEncryption {
	if source == nil {
		return nil
	}
	return source.Encryption
}
