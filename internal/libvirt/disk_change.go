package libvirt

import (
	"context"
	"fmt"
	"strings"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// AttachDisk attaches a disk to the running domain, to its saved definition, or to both at once. When the error's kind is
// problem.Unreachable its outcome isn't known: read the domain again.
//
// Similar to: virsh attach-device --live --config.
func (h *Host) AttachDisk(ctx context.Context, domainUUID string, disk Disk, where Where) error {
	found, unlock, err := h.changing(ctx, attaching(disk, domainUUID), domainUUID)
	if err != nil {
		return err
	}
	defer unlock()
	return h.attach(ctx, found, disk, where)
}

// attach is AttachDisk for a domain that is locked.
func (h *Host) attach(ctx context.Context, found rpc.Domain, disk Disk, where Where) error {
	op := attaching(disk, uuidText(found.UUID))
	text, err := disk.Element()
	if err != nil {
		return h.fail(op, err)
	}
	_, err = change(ctx, h, op, onDisk("DomainAttachDeviceFlags", found.Name, disk.Target), nothing(func(l *rpc.Libvirt) error {
		return l.DomainAttachDeviceFlags(found, text, where.flags())
	}))
	return err
}

func attaching(disk Disk, domainUUID string) operation {
	return operation{doing: fmt.Sprintf("attach disk %s to domain %s", disk.Target, domainUUID), changes: true, advice: attachAdvice}
}

var attachAdvice = map[rpc.ErrorNumber]meaning{
	rpc.ErrInternalError:   {problem.Other, "libvirt or QEMU on the host refused the disk.", "Change what the reply names, then apply again."},
	rpc.ErrOperationFailed: {problem.Other, "libvirt or QEMU on the host refused the disk.", "Change what the reply names, then apply again."},
}

// UpdateSavedDisk replaces a disk, which was read from there and changed since, in the saved definition, and reads it back: libvirt
// reports success for fields that it leaves as they are. The target stays. A running guest isn't touched. A disk that isn't there any
// more is problem.NotFound, also where another disk has its target now. One whose source has changed, or that would lose what libvirtxml
// doesn't know, is refused.
//
// Similar to: virsh update-device --config.
func (h *Host) UpdateSavedDisk(ctx context.Context, domainUUID string, disk Disk) error {
	target := disk.Target
	op := operation{doing: fmt.Sprintf("change disk %s in the saved definition of domain %s", target, domainUUID), changes: true}
	found, unlock, err := h.changing(ctx, op, domainUUID)
	if err != nil {
		return err
	}
	defer unlock()
	there, err := h.currentDisks(ctx, op, found, disk.asRead(), Saved)
	if err != nil {
		return err
	}
	if err := h.RefuseLoss(found.Name, there[0]); err != nil {
		return err
	}
	text, err := disk.Element()
	if err != nil {
		return h.fail(op, err)
	}
	if _, err = change(ctx, h, op, onDisk("DomainUpdateDeviceFlags", found.Name, target), nothing(func(l *rpc.Libvirt) error {
		return l.DomainUpdateDeviceFlags(found, text, rpc.DomainDeviceModifyConfig)
	})); err != nil {
		if !problem.Is(err, problem.Invalid) {
			return err
		}
		// A domain that was defined anew meanwhile lacks the disk, which libvirt calls an invalid argument.
		if saved, again := h.currentDisk(ctx, op, found, disk.asRead(), Saved); again == nil && saved == nil {
			return h.noDisk(op, target)
		}
		return err
	}
	after, err := h.definition(ctx, operation{doing: op.doing, absent: rpc.ErrNoDomain}, found, rpc.DomainXMLInactive)
	if err != nil {
		return err
	}
	saved := after.DiskByTarget(target)
	if saved == nil {
		return h.noDisk(op, target)
	}
	named, err := h.NameSecrets(ctx, *saved)
	if err != nil {
		return err
	}
	if different := notAsAsked(disk, named); len(different) > 0 {
		return &problem.Problem{
			Kind: problem.Unsupported,
			What: fmt.Sprintf("Disk %s in the saved definition of domain %s on %s is not as it was asked for.", target, domainUUID, h.name()),
			Why:  "libvirt reported success, but kept its own value of: " + strings.Join(different, ", ") + ".",
			Do:   "Take these attributes back, or update libvirt on the host.",
		}
	}
	return nil
}

// notAsAsked names the fields in which a disk that was read back isn't the disk that was asked for. The alias and the address, which
// libvirt chooses otherwise, count only where they were asked for.
func notAsAsked(asked, found Disk) []string {
	names := DiffDisks(asked, found, func(f DiskField) bool { return f.Name != "address" || asked.Address != nil })
	if asked.Alias != "" && asked.Alias != found.Alias {
		names = append(names, "alias")
	}
	return names
}

// noDisk is the error where the domain doesn't have the disk any more.
func (h *Host) noDisk(op operation, target string) error {
	return &problem.Problem{
		Kind: problem.NotFound,
		What: fmt.Sprintf("Could not %s on %s.", op.doing, h.name()),
		Why:  fmt.Sprintf("The domain doesn't have this disk as %s any more: it is gone, or another one is in its place.", target),
		Do:   "Plan again: the next refresh shows what is there.",
	}
}

// NameSecrets fills in the UUIDs of a disk's secrets, that of its key and that of its passphrase, where its definition names them by their
// usage. A usage that no secret has leaves the disk as it is.
//
// Similar to: virsh secret-list.
func (h *Host) NameSecrets(ctx context.Context, disk Disk) (Disk, error) {
	keyNamed := disk.SecretUUID == "" && disk.SecretUsage != ""
	passphraseNamed := disk.Encryption.SecretUUID == "" && disk.PassphraseUsage != ""
	if disk.read == nil || !keyNamed && !passphraseNamed {
		return disk, nil
	}
	read := *disk.read
	for _, named := range []struct {
		byUsage     bool
		kind, usage string
		uuid, noted *string
	}{
		{keyNamed, UsageCeph, disk.SecretUsage, &disk.SecretUUID, &read.secretUUID},
		{passphraseNamed, UsageVolume, disk.PassphraseUsage, &disk.Encryption.SecretUUID, &read.passphraseUUID},
	} {
		if !named.byUsage {
			continue
		}
		secret, err := h.SecretByUsage(ctx, named.kind, named.usage)
		if problem.Is(err, problem.NotFound) {
			continue
		}
		if err != nil {
			return disk, err
		}
		*named.uuid, *named.noted = secret.UUID, secret.UUID
	}
	disk.read = &read
	return disk, nil
}

// AttachManaged is AttachDisk for a disk of this provider. An address that was not chosen, because libvirt made it for the other
// definition, is left out where the attach fails with it. Where the answer is lost, the domain is read to see whether it has the disk.
func (h *Host) AttachManaged(ctx context.Context, domainUUID string, disk Disk, where Where, chosen bool, managed ManagedDisk) error {
	return attachManaged(disk, chosen, func(disk Disk) error { return h.AttachDisk(ctx, domainUUID, disk, where) }, func() bool {
		asking, cancel := grace.Context(ctx, ElsewhereLimit)
		defer cancel()
		now, err := h.Domain(asking, domainUUID)
		return err == nil && managed.Find(now).Where()&where == where
	})
}

// attachManaged attaches a disk, without its address where it fails with one that was not chosen. isThere tells whether the domain has the
// disk where the answer is lost.
func attachManaged(disk Disk, chosen bool, attach func(Disk) error, isThere func() bool) error {
	err := attach(disk)
	if err != nil && disk.hasAddress() && !chosen && (problem.Is(err, problem.Other) || problem.Is(err, problem.Invalid)) {
		err = attach(disk.withoutAddress())
	}
	if problem.Is(err, problem.Unreachable) && isThere() {
		return nil
	}
	return err
}
