package libvirt

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// ExistingDomain is [Host.Domain] for one that has to exist: where it doesn't, the error is problem.Invalid and names those that do.
func (h *Host) ExistingDomain(ctx context.Context, nameOrUUID string) (Domain, error) {
	domain, err := h.Domain(ctx, nameOrUUID)
	if !problem.Is(err, problem.NotFound) {
		return domain, problem.At("domain", err)
	}
	do := "Define the domain first, or correct its name."
	if domains, listed := h.Domains(ctx); listed == nil && len(domains) > 0 {
		names := make([]string, len(domains))
		for i, domain := range domains {
			names[i] = domain.Name
		}
		do += " The host has: " + strings.Join(names, ", ") + "."
	}
	return domain, problem.At("domain", &problem.Problem{
		Kind: problem.Invalid,
		What: fmt.Sprintf("Hypervisor %q has no domain %q.", h.Label(), nameOrUUID),
		Do:   do,
	})
}

// ImportableDisk finds a domain and the disk at a target that can be taken over: one of RBD, with a user and a secret.
func (h *Host) ImportableDisk(ctx context.Context, nameOrUUID, target string) (Domain, Disk, error) {
	domain, err := h.Domain(ctx, nameOrUUID)
	if err != nil {
		return domain, Disk{}, err
	}
	disk := domain.DisksAt(target).SavedOrLive()
	p := &problem.Problem{Kind: problem.Invalid}
	switch {
	case disk == nil:
		p.What = fmt.Sprintf("Domain %q on hypervisor %q has no disk %q.", domain.Name, h.Label(), target)
		p.Do = "Its disks are: " + cmp.Or(strings.Join(domain.Targets(), ", "), "none") + "."
	case disk.Source() == "":
		p.What = fmt.Sprintf("Disk %q of domain %q on hypervisor %q is not an RBD disk: it is %s.",
			target, domain.Name, h.Label(), disk.DescribeSource())
		p.Do = "Only disks of type network with protocol rbd can be imported."
		if len(disk.backing()) > 0 {
			p.Do += fmt.Sprintf(" If it is an overlay on one, first: virsh blockcommit %s %s --active --pivot.", problem.Word(domain.Name), target)
		}
	case !disk.Takeable():
		p.What = fmt.Sprintf("Disk %q of domain %q on hypervisor %q opens its image without a user and a secret.", target, domain.Name, h.Label())
		p.Do = "Disks without them, as of a cluster without cephx, can't be managed here; its pools and images can."
	default:
		return domain, *disk, nil
	}
	return domain, Disk{}, p
}

// Takeable tells whether a disk can be taken over: one on RBD, with a user and a secret.
func (d Disk) Takeable() bool { return d.Source() != "" && (d.SecretUUID != "" || d.SecretUsage != "") }

// Targets of the disks in both definitions, in order.
func (d Domain) Targets() []string {
	var names []string
	for _, definition := range []*Definition{d.Saved, d.Live} {
		if definition == nil {
			continue
		}
		for _, disk := range definition.Disks {
			if disk.Target != "" && !slices.Contains(names, disk.Target) {
				names = append(names, disk.Target)
			}
		}
	}
	slices.Sort(names)
	return names
}
