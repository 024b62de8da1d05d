package libvirt

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// ElsewhereLimit bounds a question to hypervisors that only might know better: one that is down must not hold up the others.
const ElsewhereLimit = 5 * time.Second

// Placement is the host on which a domain is, and where its disks are changed.
type Placement struct {
	Host   *Host
	Domain Domain
	// Unanswered are the hypervisors of which it isn't known whether the domain, shut off here, runs there.
	Unanswered []HostError
}

// HostError is a hypervisor that could not be asked, and why.
type HostError struct {
	Label string
	Err   error
}

// DomainSearch is where a domain is looked for.
type DomainSearch struct {
	Configured *Host       // the configured host, where the domain was defined
	Others     []*Host     // where it may have been migrated to
	Unknown    []HostError // hypervisors whose settings are not known yet
	LastSeen   string      // the label of the one on which it was last seen running, empty for the configured host
	SeenOn     string      // its UUID, where it is known: the label may be that of another host by now
}

// Locate finds a domain by its UUID: on the configured host, or after a migration on another hypervisor. A domain that is shut off on the
// configured host and runs on another one is there, and so is one that is shut off on both and was seen on that other one last; so its
// placement is not known while the hypervisor on which it was seen last can't be asked. It is problem.NotFound only when every hypervisor
// says so, and problem.Unknown where only hypervisors whose settings are not known yet might say otherwise.
//
// Similar to: virsh -c URI dumpxml UUID, on each host.
func (s DomainSearch) Locate(ctx context.Context, uuid string) (Placement, error) {
	domain, err := s.Configured.Domain(ctx, uuid)
	if err != nil && !problem.Is(err, problem.NotFound) || err == nil && domain.Active {
		return Placement{Host: s.Configured, Domain: domain}, err
	}
	asking := ctx
	if err == nil && s.LastSeen == "" {
		bounded, cancel := breaker.Optional(ctx, ElsewhereLimit)
		defer cancel()
		asking = bounded
	}
	found, unanswered := findDomain(asking, s.Others, uuid)
	for _, placement := range found {
		if placement.Domain.Active {
			return placement, nil
		}
	}
	unanswered = append(unanswered, s.Unknown...)
	last := s.lastSeen(ctx, found)
	switch {
	case err == nil && slices.ContainsFunc(unanswered, func(e HostError) bool { return e.Label == s.LastSeen }):
		return Placement{}, s.lastSeenUnanswered(domain, unanswered)
	case err == nil && last >= 0:
		found[last].Unanswered = unanswered
		return found[last], nil
	case err == nil:
		return Placement{Host: s.Configured, Domain: domain, Unanswered: unanswered}, nil
	case len(unanswered) > 0:
		return Placement{}, s.undecided(uuid, unanswered)
	case len(found) > 0:
		return found[max(last, 0)], nil
	}
	return Placement{}, err
}

// lastSeen is the placement on the host on which the domain was seen last, whatever its label is now; -1 where it is none of them.
func (s DomainSearch) lastSeen(ctx context.Context, found []Placement) int {
	labelled := slices.IndexFunc(found, func(p Placement) bool { return p.Host.Label() == s.LastSeen })
	is := func(p Placement) bool {
		id, err := p.Host.UUID(ctx)
		return err == nil && id == s.SeenOn
	}
	if s.LastSeen == "" || s.SeenOn == "" || labelled >= 0 && is(found[labelled]) {
		return labelled
	}
	if same := slices.IndexFunc(found, is); same >= 0 {
		return same
	}
	return labelled
}

// findDomain asks all hosts at once for a domain. After a migration more than one may have it, with at most one running it.
//
// Similar to: virsh -c URI dumpxml UUID, on each host.
func findDomain(ctx context.Context, hosts []*Host, uuid string) (found []Placement, unanswered []HostError) {
	domains := make([]Domain, len(hosts))
	errs := make([]error, len(hosts))
	var asked sync.WaitGroup
	for i, h := range hosts {
		asked.Go(func() { domains[i], errs[i] = h.Domain(ctx, uuid) })
	}
	asked.Wait()
	for i, h := range hosts {
		switch {
		case errs[i] == nil:
			found = append(found, Placement{Host: h, Domain: domains[i]})
		case !problem.Is(errs[i], problem.NotFound):
			unanswered = append(unanswered, HostError{Label: h.Label(), Err: errs[i]})
		}
	}
	return found, unanswered
}

// unansweredKind is the kind of an error whose only cause are hypervisors that could not be asked. Where the settings of all of them are
// not known yet, the apply will know them.
func unansweredKind(list []HostError) problem.Kind {
	if slices.ContainsFunc(list, func(e HostError) bool { return !problem.Is(e.Err, problem.Unknown) }) {
		return problem.Unreachable
	}
	return problem.Unknown
}

// undecided is the error where a domain is not on the configured host and not every other hypervisor could be asked.
func (s DomainSearch) undecided(uuid string, unanswered []HostError) error {
	return &problem.Problem{
		Kind: unansweredKind(unanswered),
		What: fmt.Sprintf("Domain %s is no longer on hypervisor %q, and it is not known where it is.", uuid, s.Configured.Label()),
		Why:  "It may have been migrated, and not every configured hypervisor could be asked.",
		Do:   "Make the hypervisors answer that are named below, then plan again.",
		Raw:  reasons(unanswered),
	}
}

// lastSeenUnanswered is the error where a domain is shut off on the configured host, as a migration leaves it, and the hypervisor to which
// it went does not answer.
func (s DomainSearch) lastSeenUnanswered(domain Domain, unanswered []HostError) error {
	return &problem.Problem{
		Kind: unansweredKind(slices.DeleteFunc(slices.Clone(unanswered), func(e HostError) bool { return e.Label != s.LastSeen })),
		What: fmt.Sprintf("Domain %q is shut off on hypervisor %q, and it is not known whether it still runs on hypervisor %q.",
			domain.Name, s.Configured.Label(), s.LastSeen),
		Why: "It was seen there last, and that hypervisor could not be asked. What is left where it came from says nothing about its disks.",
		Do: fmt.Sprintf("Make hypervisor %q answer, then plan again. If it is gone for good, remove it from the hypervisors of provider"+
			" \"ceph\": the disk is then the one on hypervisor %q.", s.LastSeen, s.Configured.Label()),
		Raw: reasons(unanswered),
	}
}

// PerhapsElsewhere is the error where the definition of a domain that is shut off here lacks a disk, and the domain may run, with the
// disk, on a hypervisor that could not be asked; nil where all were.
func (p Placement) PerhapsElsewhere(target string) error {
	if len(p.Unanswered) == 0 {
		return nil
	}
	return &problem.Problem{
		Kind: unansweredKind(p.Unanswered),
		What: fmt.Sprintf("Domain %q is shut off on hypervisor %q without disk %s, and it is not known whether it runs elsewhere with it.",
			p.Domain.Name, p.Host.Label(), target),
		Why: "It may have been migrated, and not every configured hypervisor could be asked.",
		Do: "Make the hypervisors answer that are named below, then plan again. One that is gone for good is removed from the hypervisors of" +
			" provider \"ceph\".",
		Raw: reasons(p.Unanswered),
	}
}

func reasons(list []HostError) string {
	texts := make([]string, len(list))
	for i, e := range list {
		texts[i] = e.Err.Error()
	}
	return strings.Join(texts, "; ")
}

// Warnings tell that a domain which is shut off here was not looked for everywhere.
func (p Placement) Warnings() []problem.Warning {
	if len(p.Unanswered) == 0 {
		return nil
	}
	names := make([]string, len(p.Unanswered))
	for i, e := range p.Unanswered {
		names[i] = fmt.Sprintf("%q", e.Label)
	}
	return []problem.Warning{{Summary: fmt.Sprintf("Domain %q not looked for everywhere", p.Domain.Name), Text: fmt.Sprintf(
		"It is shut off on hypervisor %q. Whether it runs on %s was not to be learned, because no answer came from there. Its disk is taken to"+
			" be the one in the definition on hypervisor %q.\n\n%s",
		p.Host.Label(), strings.Join(names, ", "), p.Host.Label(), reasons(p.Unanswered))}}
}

// RefuseElsewhere refuses a domain that runs on another hypervisor than the one that was named.
func (p Placement) RefuseElsewhere(named *Host) error {
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
