package libvirtrbddisk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// elsewhereLimit bounds the question whether a domain that is shut off here runs on another hypervisor: one that is down
// must not hold up the others.
const elsewhereLimit = 5 * time.Second

// place is where a domain is and where its disks are changed.
type place struct {
	host   *libvirt.Host
	domain libvirt.Domain
	// unasked are the hypervisors of which it isn't known whether the domain, shut off here, runs there.
	unasked []unasked
}

// unasked is a hypervisor that could not be asked, and why.
type unasked struct {
	label string
	err   error
}

// locate finds a domain by its UUID: at home, or after a migration on another configured hypervisor. A domain that is shut
// off at home and runs elsewhere is there; so it is nowhere while a hypervisor on which it was seen last can't be asked. It is
// problem.NotFound only when every hypervisor says so, and problem.Unknown where only hypervisors whose settings are not known yet
// might say otherwise. The recorded disk tells where it was seen.
func (r *diskResource) locate(ctx context.Context, home *libvirt.Host, recorded *model) (place, error) {
	uuid := recorded.DomainUUID.ValueString()
	domain, err := home.Domain(ctx, uuid)
	if err != nil && !problem.Is(err, problem.NotFound) || err == nil && domain.Active {
		return place{host: home, domain: domain}, err
	}
	away := recorded.RunningOn.ValueString()
	if away == home.Label() || away == recorded.Hypervisor.ValueString() {
		away = ""
	}
	others := slices.DeleteFunc(r.Hypervisors.All(), func(h *libvirt.Host) bool { return h == home })
	asking := ctx
	if err == nil && away == "" {
		bounded, cancel := context.WithTimeout(ctx, elsewhereLimit)
		defer cancel()
		asking = bounded
	}
	found, unanswered := libvirt.FindDomain(asking, others, uuid)
	for _, there := range found {
		if there.Domain.Active {
			return place{host: there.Host, domain: there.Domain}, nil
		}
	}
	silent := r.unasked(unanswered)
	switch {
	case err == nil && slices.ContainsFunc(silent, func(u unasked) bool { return u.label == away }):
		return place{}, lastSeen(home, domain, away, silent)
	case err == nil:
		return place{host: home, domain: domain, unasked: silent}, nil
	case len(silent) > 0:
		return place{}, undecided(home, uuid, silent)
	case len(found) > 0:
		return place{host: found[0].Host, domain: found[0].Domain}, nil
	}
	return place{}, err
}

// unasked are the hypervisors that gave no answer, and those whose settings are known only after the apply.
func (r *diskResource) unasked(unanswered []libvirt.Unanswered) []unasked {
	var list []unasked
	for _, u := range unanswered {
		list = append(list, unasked{u.Host.Label(), u.Err})
	}
	for _, label := range r.Hypervisors.Unasked() {
		list = append(list, unasked{label, r.Hypervisors.NotKnown(label)})
	}
	return list
}

// silence is the kind of an error that only silence has caused: with unknown settings alone it is over after the apply.
func silence(list []unasked) problem.Kind {
	if slices.ContainsFunc(list, func(u unasked) bool { return !problem.Is(u.err, problem.Unknown) }) {
		return problem.Unreachable
	}
	return problem.Unknown
}

// undecided is the answer where a domain is not at home and not every other hypervisor could be asked.
func undecided(home *libvirt.Host, uuid string, silent []unasked) error {
	return &problem.Problem{
		Kind: silence(silent),
		What: fmt.Sprintf("Domain %s is no longer on hypervisor %q, and it is not known where it is.", uuid, home.Label()),
		Why:  "It may have been migrated, and not every configured hypervisor could be asked.",
		Do:   "Make the hypervisors answer that are named below, then plan again.",
		Raw:  reasons(silent),
	}
}

// lastSeen is the answer where a domain is shut off at home, as a migration leaves it, and the hypervisor to which it went does
// not answer.
func lastSeen(home *libvirt.Host, domain libvirt.Domain, away string, silent []unasked) error {
	return &problem.Problem{
		Kind: silence(slices.DeleteFunc(slices.Clone(silent), func(u unasked) bool { return u.label != away })),
		What: fmt.Sprintf("Domain %q is shut off on hypervisor %q, and it is not known whether it still runs on hypervisor %q.", domain.Name, home.Label(), away),
		Why:  "It was seen there last, and that hypervisor could not be asked. What is left where it came from says nothing about its disks.",
		Do: fmt.Sprintf("Make hypervisor %q answer, then plan again. If it is gone for good, remove it from the hypervisors of provider \"ceph\":"+
			" the disk is then the one on hypervisor %q.", away, home.Label()),
		Raw: reasons(silent),
	}
}

// perhapsElsewhere is the answer where the definition of a domain that is shut off here lacks the disk, and the domain may run, with the
// disk, on a hypervisor that could not be asked.
func (p place) perhapsElsewhere(target string) error {
	if len(p.unasked) == 0 {
		return nil
	}
	return &problem.Problem{
		Kind: silence(p.unasked),
		What: fmt.Sprintf("Domain %q is shut off on hypervisor %q without disk %s, and it is not known whether it runs elsewhere with it.",
			p.domain.Name, p.host.Label(), target),
		Why: "It may have been migrated, and not every configured hypervisor could be asked.",
		Do: "Make the hypervisors answer that are named below, then plan again. One that is gone for good is removed from the hypervisors of" +
			" provider \"ceph\".",
		Raw: reasons(p.unasked),
	}
}

func reasons(list []unasked) string {
	texts := make([]string, len(list))
	for i, u := range list {
		texts[i] = u.err.Error()
	}
	return strings.Join(texts, "; ")
}

// warnUnasked tells that a domain which is shut off here was not looked for everywhere.
func (p place) warnUnasked(diags *diag.Diagnostics) {
	if len(p.unasked) == 0 {
		return
	}
	names := make([]string, len(p.unasked))
	for i, u := range p.unasked {
		names[i] = fmt.Sprintf("%q", u.label)
	}
	diags.AddWarning(fmt.Sprintf("Domain %q not looked for everywhere", p.domain.Name), fmt.Sprintf(
		"It is shut off on hypervisor %q. Whether it runs on %s was not to be learned, because no answer came from there. Its disk is taken to be the"+
			" one in the definition on hypervisor %q.\n\n%s", p.host.Label(), strings.Join(names, ", "), p.host.Label(), reasons(p.unasked)))
}
