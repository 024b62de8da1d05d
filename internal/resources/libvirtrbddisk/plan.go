package libvirtrbddisk

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

const planSummary = "Unable to plan RBD disk"

// planning is what one plan works on.
type planning struct {
	*diskResource
	config, state, plan *model
	exists              bool
	remembered          memory
	diags               *diag.Diagnostics

	host      tfkit.Entry[*libvirt.Host]
	cluster   clusterEntry
	monitors  []ceph.Monitor     // of the cluster, once asked
	different bool               // the plan names another source
	replaced  []string           // the arguments that ask for another disk
	where     *libvirt.Placement // once asked
	left      *libvirt.Placement // where the disk is while the plan names another hypervisor
	undecided error              // why it isn't known where the domain is, once asked
}

// ModifyPlan settles where the disk is, decides what replaces it, refuses what an apply would refuse, and tells what an apply
// would do to a running guest.
func (r *diskResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		r.planRemoval(ctx, req, resp)
		return
	}
	sides, ok := tfkit.ReadPlanSides[model](ctx, r.Base, req, resp)
	if !ok {
		return
	}
	p := &planning{
		diskResource: r, config: sides.Config, state: sides.State, plan: sides.Plan, exists: sides.Exists,
		diags: &resp.Diagnostics, remembered: tfkit.GetPrivate[memory](ctx, req.Private, memoryKey, &resp.Diagnostics),
	}
	if resp.Diagnostics.HasError() {
		return
	}
	for _, step := range []func(context.Context) error{
		p.settleHost, p.settleDomain, p.settleArguments, p.settleCluster, p.settleMonitors, p.checkExchanged, p.settleSource,
		p.settleComputed, p.check, p.claimDisk,
	} {
		if err := step(ctx); err != nil {
			tfkit.AddError(&resp.Diagnostics, planSummary, err)
			return
		}
	}
	for _, name := range p.replaced {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root(name))
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, p.plan)...)
}

// settleHost settles the hypervisor. One to which the domain has moved is taken over in place.
func (p *planning) settleHost(ctx context.Context) error {
	entry, err := p.Hypervisors.PlanEntry(ctx, p.config.Hypervisor, p.state.Hypervisor, p.state.HostUUID, p.diags)
	if err != nil {
		return problem.At("hypervisor", err)
	}
	p.host = entry
	p.plan.Hypervisor, p.plan.HostUUID = entry.Label, entry.Identity
	if !entry.Moved {
		return nil
	}
	there, err := p.locateAfterMove(ctx)
	switch {
	case err == nil && there.Host == entry.Target:
		p.where = &there
	case err == nil, problem.Is(err, problem.NotFound):
		p.replaced = append(p.replaced, "hypervisor")
		if err == nil {
			p.left = &there
		}
	default:
		return problem.At("hypervisor", err)
	}
	return nil
}

// locateAfterMove finds the domain of a disk whose configuration names another host now. The former host may be the one that
// died: then a domain that runs on the new one has moved there.
func (p *planning) locateAfterMove(ctx context.Context) (libvirt.Placement, error) {
	former, err := p.Hypervisors.ResolveEntry(ctx, p.state.Hypervisor, p.state.HostUUID, p.diags)
	if err == nil {
		there, located := p.locate(ctx, former.Target, p.state)
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

// settleDomain keeps the recorded spelling of the domain, name or UUID, while it still means the same one.
func (p *planning) settleDomain(ctx context.Context) error {
	if !p.exists || p.plan.Domain.Equal(p.state.Domain) {
		return nil
	}
	if !p.plan.Domain.IsUnknown() {
		byUUID := libvirt.SameUUID(p.plan.Domain.ValueString(), p.state.DomainUUID.ValueString())
		same := byUUID
		if !same {
			where, err := p.located(ctx)
			if err != nil && !problem.Is(err, problem.NotFound) {
				return problem.At("domain", err)
			}
			if p.undecided != nil {
				return problem.At("domain", p.undecided)
			}
			same = where != nil && where.Domain.Name == p.plan.Domain.ValueString()
		}
		if same {
			// A name that is no longer the domain's gives way to the one that is.
			if byUUID || libvirt.SameUUID(p.state.Domain.ValueString(), p.state.DomainUUID.ValueString()) {
				p.plan.Domain = p.state.Domain
			}
			return nil
		}
	}
	p.replaced = append(p.replaced, "domain")
	return nil
}

// settleArguments settles what needs no connection.
func (p *planning) settleArguments(context.Context) error {
	plan, state := p.plan, p.state
	if !p.exists {
		if plan.Bus.IsUnknown() && p.config.Bus.IsNull() {
			plan.Bus = types.StringValue("virtio")
		}
		if plan.Device.IsUnknown() && p.config.Device.IsNull() {
			plan.Device = types.StringValue("disk")
		}
	}
	switch {
	case !p.config.Address.IsNull():
		recorded := state.Address
		if !p.exists {
			recorded = types.ObjectNull(addressTypes)
		}
		plan.Address = planAddress(p.config.Address, recorded)
	case p.exists && plan.Bus.Equal(state.Bus):
		plan.Address = state.Address
	default:
		plan.Address = types.ObjectUnknown(addressTypes)
	}
	for _, name := range []string{"snapshot", "target_dev", "bus", "device"} {
		if p.exists && !plan.argument(name).Equal(state.argument(name)) {
			p.replaced = append(p.replaced, name)
		}
	}
	refuseMisfits(plan, p.diags)
	if p.diags.HasError() {
		return nil
	}
	plan.ID = plan.id()
	return nil
}

// settleCluster settles the cluster, whose fsid is a part of the source's identity.
func (p *planning) settleCluster(ctx context.Context) error {
	entry, err := p.planCluster(ctx)
	if err != nil {
		return problem.At("cluster", err)
	}
	p.plan.FSID = entry.Identity
	p.different = entry.Moved
	gained := p.exists && p.state.FSID.IsNull() && p.config.Monitors.IsNull()
	if entry.Known && p.config.Monitors.IsNull() && (!p.exists || entry.Moved || gained || p.remembered.FollowMonitors) {
		asking, needed := ctx, !p.exists || entry.Moved || gained
		if !needed {
			var cancel context.CancelFunc
			asking, cancel = breaker.Optional(ctx, verifyLimit)
			defer cancel()
		}
		if p.monitors, err = entry.Target.Monitors(asking); err != nil {
			if needed || !problem.Is(err, problem.Unreachable) {
				return problem.At("cluster", err)
			}
			tfkit.AddWarning(p.diags, notVerified, err)
			entry.Known = false
		}
	}
	p.cluster = entry
	if gained && entry.Known {
		disk := rbdusage.Access{Cluster: entry.Target, Disk: p.state.disk()}
		warnings, err := disk.RefuseOther(ctx, p.monitors, p.state.Domain.ValueString())
		tfkit.AddWarnings(p.diags, warnings)
		return err
	}
	return nil
}

// settleMonitors plans the monitors. Left out since the beginning they follow the cluster's monitor map; otherwise, left out,
// they stay.
func (p *planning) settleMonitors(ctx context.Context) error {
	if !p.config.Monitors.IsNull() {
		return nil
	}
	fromCluster := types.SetUnknown(monitorType)
	if p.cluster.Known {
		fromCluster = monitorSet(rbdusage.DiskMonitors(p.monitors))
	}
	if !p.exists || p.different {
		p.plan.Monitors = fromCluster
		return nil
	}
	p.plan.Monitors = p.state.Monitors
	if !p.cluster.Known || !p.remembered.FollowMonitors || rbdusage.NamesExactly(ctx, p.monitors, monitorList(p.state.Monitors)) {
		return nil
	}
	where, err := p.located(ctx)
	if err == nil && where != nil && where.Domain.Persistent && p.state.ours(p.remembered).ExchangedIn(p.found(where)) == nil {
		p.plan.Monitors = fromCluster
	}
	return nil
}

// settleComputed plans what follows from the rest. A disk that is missing in the saved definition or in the running domain
// is planned to be in both again.
func (p *planning) settleComputed(ctx context.Context) error {
	plan, state := p.plan, p.state
	if !p.exists {
		return nil // The framework has made all of it unknown.
	}
	for _, name := range []string{"alias", "domain_uuid", "running_on", "live", "persistent", "pending_restart", "monitors_stale"} {
		plan.take(name, state)
	}
	if len(p.replaced) == 0 && (!state.Live.ValueBool() || !state.Persistent.ValueBool()) {
		where, err := p.located(ctx)
		if err != nil && !problem.Is(err, problem.NotFound) {
			return err
		}
		if where != nil && state.ours(p.remembered).ExchangedIn(p.found(where)) == nil {
			plugs := where.Domain.Active && where.Domain.Live.HotPlug(plan.Bus.ValueString()) != libvirt.PlugsNever
			plan.Live = types.BoolValue(state.Live.ValueBool() || plugs)
			plan.Persistent = types.BoolValue(state.Persistent.ValueBool() || where.Domain.Persistent)
		}
	}
	restored := !plan.Live.Equal(state.Live) || !plan.Persistent.Equal(state.Persistent)
	if restored || len(changes(state, plan, func(f libvirt.DiskField) bool { return f.Effect != libvirt.AtOnce })) > 0 {
		plan.PendingRestart, plan.MonitorsStale = types.BoolUnknown(), types.BoolUnknown()
	}
	return nil
}

// found is the disk in the domain as it is now.
func (p *planning) found(where *libvirt.Placement) libvirt.Disks {
	return p.state.ours(p.remembered).Find(where.Domain)
}

// located finds the domain, once. Nothing is known while the hypervisor isn't, or one on which the domain may be.
func (p *planning) located(ctx context.Context) (*libvirt.Placement, error) {
	if p.where != nil || p.undecided != nil || !p.host.Known || p.host.Moved || !p.exists {
		return p.where, nil //nolint:nilerr // What is undecided was told, and the plan goes on without.
	}
	where, err := p.locate(ctx, p.host.Target, p.state)
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
