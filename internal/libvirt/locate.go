package libvirt

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// ElsewhereLimit bounds a question to hypervisors that only might know better: one that is down must not hold up the others.
const ElsewhereLimit = 5 * time.Second

// Place is where a domain is, and where its disks are changed.
type Place struct {
	Host   *Host
	Domain Domain
	// Unasked are the hypervisors of which it isn't known whether the domain, shut off here, runs there.
	Unasked []Unasked
}

// Unasked is a hypervisor that could not be asked, and why.
type Unasked struct {
	Label string
	Err   error
}

// DomainSearch is where a domain is looked for.
type DomainSearch struct {
	Home    *Host     // where it was made
	Others  []*Host   // where it may have been migrated to
	Unknown []Unasked // hypervisors whose settings are not known yet
	Seen    string    // the label of the one on which it ran last, empty for the home
}

// Locate finds a domain by its UUID: at home, or after a migration on another hypervisor. A domain that is shut off at home and runs
// elsewhere is there; so it is nowhere while a hypervisor on which it was seen last can't be asked. It is problem.NotFound only when
// every hypervisor says so, and problem.Unknown where only hypervisors whose settings are not known yet might say otherwise.
//
// Similar to: virsh -c URI dumpxml UUID, on each host.
func (s DomainSearch) Locate(ctx context.Context, uuid string) (Place, error) {
	domain, err := s.Home.Domain(ctx, uuid)
	if err != nil && !problem.Is(err, problem.NotFound) || err == nil && domain.Active {
		return Place{Host: s.Home, Domain: domain}, err
	}
	asking := ctx
	if err == nil && s.Seen == "" {
		bounded, cancel := breaker.Optional(ctx, ElsewhereLimit)
		defer cancel()
		asking = bounded
	}
	found, unanswered := FindDomain(asking, s.Others, uuid)
	for _, there := range found {
		if there.Domain.Active {
			return Place{Host: there.Host, Domain: there.Domain}, nil
		}
	}
	var silent []Unasked
	for _, u := range unanswered {
		silent = append(silent, Unasked{u.Host.Label(), u.Err})
	}
	silent = append(silent, s.Unknown...)
	switch {
	case err == nil && slices.ContainsFunc(silent, func(u Unasked) bool { return u.Label == s.Seen }):
		return Place{}, s.lastSeen(domain, silent)
	case err == nil:
		return Place{Host: s.Home, Domain: domain, Unasked: silent}, nil
	case len(silent) > 0:
		return Place{}, s.undecided(uuid, silent)
	case len(found) > 0:
		return Place{Host: found[0].Host, Domain: found[0].Domain}, nil
	}
	return Place{}, err
}

// silence is the kind of an error that only silence has caused: with unknown settings alone it is over after the apply.
func silence(list []Unasked) problem.Kind {
	if slices.ContainsFunc(list, func(u Unasked) bool { return !problem.Is(u.Err, problem.Unknown) }) {
		return problem.Unreachable
	}
	return problem.Unknown
}

// undecided is the answer where a domain is not at home and not every other hypervisor could be asked.
func (s DomainSearch) undecided(uuid string, silent []Unasked) error {
	return &problem.Problem{
		Kind: silence(silent),
		What: fmt.Sprintf("Domain %s is no longer on hypervisor %q, and it is not known where it is.", uuid, s.Home.Label()),
		Why:  "It may have been migrated, and not every configured hypervisor could be asked.",
		Do:   "Make the hypervisors answer that are named below, then plan again.",
		Raw:  reasons(silent),
	}
}

// lastSeen is the answer where a domain is shut off at home, as a migration leaves it, and the hypervisor to which it went does
// not answer.
func (s DomainSearch) lastSeen(domain Domain, silent []Unasked) error {
	return &problem.Problem{
		Kind: silence(slices.DeleteFunc(slices.Clone(silent), func(u Unasked) bool { return u.Label != s.Seen })),
		What: fmt.Sprintf("Domain %q is shut off on hypervisor %q, and it is not known whether it still runs on hypervisor %q.",
			domain.Name, s.Home.Label(), s.Seen),
		Why: "It was seen there last, and that hypervisor could not be asked. What is left where it came from says nothing about its disks.",
		Do: fmt.Sprintf("Make hypervisor %q answer, then plan again. If it is gone for good, remove it from the hypervisors of provider"+
			" \"ceph\": the disk is then the one on hypervisor %q.", s.Seen, s.Home.Label()),
		Raw: reasons(silent),
	}
}

// PerhapsElsewhere is the answer where the definition of a domain that is shut off here lacks a disk, and the domain may run, with the
// disk, on a hypervisor that could not be asked; nil where all were.
func (p Place) PerhapsElsewhere(target string) error {
	if len(p.Unasked) == 0 {
		return nil
	}
	return &problem.Problem{
		Kind: silence(p.Unasked),
		What: fmt.Sprintf("Domain %q is shut off on hypervisor %q without disk %s, and it is not known whether it runs elsewhere with it.",
			p.Domain.Name, p.Host.Label(), target),
		Why: "It may have been migrated, and not every configured hypervisor could be asked.",
		Do: "Make the hypervisors answer that are named below, then plan again. One that is gone for good is removed from the hypervisors of" +
			" provider \"ceph\".",
		Raw: reasons(p.Unasked),
	}
}

func reasons(list []Unasked) string {
	texts := make([]string, len(list))
	for i, u := range list {
		texts[i] = u.Err.Error()
	}
	return strings.Join(texts, "; ")
}

// Warnings tell that a domain which is shut off here was not looked for everywhere.
func (p Place) Warnings() []problem.Warning {
	if len(p.Unasked) == 0 {
		return nil
	}
	names := make([]string, len(p.Unasked))
	for i, u := range p.Unasked {
		names[i] = fmt.Sprintf("%q", u.Label)
	}
	return []problem.Warning{{Summary: fmt.Sprintf("Domain %q not looked for everywhere", p.Domain.Name), Text: fmt.Sprintf(
		"It is shut off on hypervisor %q. Whether it runs on %s was not to be learned, because no answer came from there. Its disk is taken to"+
			" be the one in the definition on hypervisor %q.\n\n%s", p.Host.Label(), strings.Join(names, ", "), p.Host.Label(), reasons(p.Unasked))}}
}

// RefuseElsewhere refuses a domain that runs on another hypervisor than the one that was named.
func (p Place) RefuseElsewhere(named *Host) error {
	if p.Host == named {
		return nil
	}
	return problem.At("hypervisor", &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Domain %q is shut off on hypervisor %q but runs on hypervisor %q.", p.Domain.Name, named.Label(), p.Host.Label()),
		Why:  "It was migrated. A disk that is attached where it is shut off would be missing where it runs.",
		Do:   fmt.Sprintf("Set hypervisor = %q, or undefine the domain where it no longer is.", p.Host.Label()),
	})
}

// Expected is Domain for one that has to be there: where it isn't, the error is problem.Invalid and names those that are.
func (h *Host) Expected(ctx context.Context, nameOrUUID string) (Domain, error) {
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

// Importable finds a domain and the disk at a target that can be taken over: one of RBD, with a user and a secret.
func (h *Host) Importable(ctx context.Context, nameOrUUID, target string) (Domain, Disk, error) {
	domain, err := h.Domain(ctx, nameOrUUID)
	if err != nil {
		return domain, Disk{}, err
	}
	disk := Disks{Saved: domain.Saved.DiskByTarget(target), Live: domain.Live.DiskByTarget(target)}.Mirrored()
	p := &problem.Problem{Kind: problem.Invalid}
	switch {
	case disk == nil:
		p.What = fmt.Sprintf("Domain %q on hypervisor %q has no disk %q.", domain.Name, h.Label(), target)
		p.Do = "Its disks are: " + strings.Join(domain.targets(), ", ") + "."
	case disk.Source() == "":
		p.What = fmt.Sprintf("Disk %q of domain %q on hypervisor %q is not an RBD disk: it is %s.",
			target, domain.Name, h.Label(), disk.DescribeSource())
		p.Do = "Only disks of type network with protocol rbd can be imported."
		if len(disk.Backing()) > 0 {
			p.Do += fmt.Sprintf(" If it is an overlay on one, first: virsh blockcommit %s %s --active --pivot.", domain.Name, target)
		}
	case disk.SecretUUID == "" && disk.SecretUsage == "":
		p.What = fmt.Sprintf("Disk %q of domain %q on hypervisor %q opens its image without a user and a secret.", target, domain.Name, h.Label())
		p.Do = "Disks without them, as of a cluster without cephx, can't be managed here; its pools and images can."
	default:
		return domain, *disk, nil
	}
	return domain, Disk{}, p
}

// targets of the disks in both definitions, for messages.
func (d Domain) targets() []string {
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
	if len(names) == 0 {
		return []string{"none"}
	}
	return names
}
