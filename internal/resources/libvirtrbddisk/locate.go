package libvirtrbddisk

import (
	"context"
	"fmt"
	"slices"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// locate finds the domain of a disk in the state, on the configured host or on any other. seenOn is that of the record.
func (r *diskResource) locate(ctx context.Context, configured *libvirt.Host, recorded *model, seenOn string) (libvirt.Placement, error) {
	search := libvirt.DomainSearch{
		Configured: configured,
		Others:     slices.DeleteFunc(r.Hypervisors.All(), func(h *libvirt.Host) bool { return h == configured }),
	}
	if seen := recorded.RunningOn.ValueString(); seen != configured.Label() && seen != recorded.Hypervisor.ValueString() {
		search.LastSeen, search.SeenOn = seen, seenOn
	}
	for _, label := range r.Hypervisors.Unasked() {
		search.Unknown = append(search.Unknown, libvirt.HostError{Label: label, Err: r.Hypervisors.NotKnown(label)})
	}
	return search.Locate(ctx, recorded.DomainUUID.ValueString())
}

// located finds the domain, once. It is nil while the hypervisor is unknown, or another one on which the domain may be.
func (p *planning) located(ctx context.Context) (*libvirt.Placement, error) {
	if p.where != nil || p.undecided != nil || !p.host.Known || p.host.Moved || !p.exists {
		return p.where, nil //nolint:nilerr // The operator was warned, and the plan goes on without.
	}
	where, err := p.locate(ctx, p.host.Target, p.state, p.record.SeenOn)
	if problem.Is(err, problem.Unknown) {
		p.undecided = err
		tfkit.AddWarning(p.diags, "Domain not looked for everywhere", err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p.where = &where
	return p.where, nil
}

// locateAfterMove finds the domain of a disk whose configuration names another host now. If the former host is unreachable, a domain that
// runs on the new one has moved there.
func (p *planning) locateAfterMove(ctx context.Context) (libvirt.Placement, error) {
	former, err := p.Hypervisors.ResolveEntry(ctx, p.state.Hypervisor, p.state.HostUUID, p.diags)
	if err == nil {
		there, located := p.locate(ctx, former.Target, p.state, p.record.SeenOn)
		if located == nil && there.Host != p.host.Target {
			// The new host may have several labels.
			if id, err := there.Host.UUID(ctx); err == nil && id == p.host.Identity.ValueString() {
				there.Host = p.host.Target
			}
		}
		if located == nil || problem.Is(located, problem.NotFound) {
			return there, located
		}
		err = located
	}
	if domain, asked := p.host.Target.Domain(ctx, p.state.DomainUUID.ValueString()); asked == nil && domain.Active {
		return libvirt.Placement{Host: p.host.Target, Domain: domain}, nil
	}
	return libvirt.Placement{}, err
}

// refuseMigrated refuses to take a disk for detached that a migration has carried to another host while its guest was asked for it: where
// it was the domain is gone, or shut off, and has no such disk any more.
func (r *diskResource) refuseMigrated(
	ctx context.Context, configured *libvirt.Host, recorded *model, record diskRecord, was libvirt.Placement,
) error {
	now, err := r.locate(ctx, configured, recorded, record.SeenOn)
	if problem.Is(err, problem.NotFound) || err == nil && (now.Host == was.Host || recorded.ours(record).Find(now.Domain).Live == nil) {
		return nil
	}
	if err != nil {
		return err
	}
	return &problem.Problem{
		Kind: problem.Busy,
		What: fmt.Sprintf("Disk %s is still in domain %q, which has moved from hypervisor %q to hypervisor %q.", recorded.TargetDev.ValueString(),
			now.Domain.Name, was.Host.Label(), now.Host.Label()),
		Why: "The domain was migrated while its guest was asked to give the disk up.",
		Do:  "Apply again: the disk is then detached there.",
	}
}
