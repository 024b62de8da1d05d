package libvirtrbddisk

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

const planSummary = "Unable to plan RBD disk"

// planning is one plan of a disk. Its methods fill the plan, one after the other.
type planning struct {
	*diskResource
	config, state, plan *model
	exists              bool
	record              diskRecord
	diags               *diag.Diagnostics

	host      tfkit.Entry[*libvirt.Host]
	cluster   clusterEntry
	monitors  []ceph.Monitor     // of the cluster, nil until they are read
	different bool               // the plan names another source
	replaced  []string           // the arguments that replace the disk
	where     *libvirt.Placement // of the domain, nil until it is located
	former    *libvirt.Placement // of the domain, where the plan moves the disk to another hypervisor
	undecided error              // why the domain could not be located
	copy      copyStep           // where the copy of the content to another image is
	again     reattachment       // whether the running guest's disk is taken from it and attached again
}

// ModifyPlan fills what the plan left unknown, decides what replaces the disk, refuses what an apply would refuse, and warns of what an
// apply would do to a running guest.
func (r *diskResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		r.planRemoval(ctx, req, resp)
		return
	}
	if tfkit.PlansNoChange(req) && r.Connections != nil && r.keepDisk(ctx, req, resp) {
		return
	}
	sides, ok := tfkit.ReadPlanSides[model](ctx, r.Base, req, resp)
	if !ok {
		return
	}
	p := &planning{
		diskResource: r, config: sides.Config, state: sides.State, plan: sides.Plan, exists: sides.Exists,
		diags: &resp.Diagnostics, record: tfkit.GetPrivate[diskRecord](ctx, req.Private, recordKey, &resp.Diagnostics),
	}
	if resp.Diagnostics.HasError() {
		return
	}
	for _, step := range []func(context.Context) error{
		p.planHost, p.planDomain, p.planArguments, p.planCluster, p.planMonitors, p.checkExchanged, p.planSource,
		p.planComputed, p.check, p.warnCopy, p.claimDisk,
	} {
		if err := step(ctx); err != nil {
			tfkit.AddError(&resp.Diagnostics, planSummary, err)
			return
		}
	}
	for _, name := range p.replaced {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root(name))
	}
	if !p.exists {
		p.leaveToApply()
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, p.plan)...)
	if p.exists && len(p.replaced) == 0 && !resp.Plan.Raw.Equal(req.State.Raw) {
		p.leaveToApply()
		resp.Diagnostics.Append(resp.Plan.Set(ctx, p.plan)...)
	}
}

// leaveToApply makes unknown what the apply looks at again, where it may find something else: by then the domain may have been started or
// shut off, and the cluster have other monitors. Terraform takes a planned value that turns out otherwise for a mistake of the provider.
func (p *planning) leaveToApply() {
	plan, state := p.plan, p.state
	if p.config.Monitors.IsNull() && (!p.exists || p.config.Cluster.IsUnknown() || !plan.Monitors.Equal(state.Monitors)) {
		plan.Monitors = types.SetUnknown(monitorType)
	}
	if !p.exists {
		return
	}
	// Somebody may have given the image's name to another one. planSource has looked at a changed name.
	looks := (!state.Live.ValueBool() || plan.ImageID.IsNull()) && len(changes(state, plan, namesImage)) == 0
	if !plan.FSID.IsNull() && (resized(state, plan) || looks) {
		plan.ImageID = types.StringUnknown()
	}
	if state.Live.ValueBool() && state.Persistent.ValueBool() {
		return
	}
	if !state.Live.ValueBool() {
		plan.Live = types.BoolUnknown()
		if plan.Alias.IsNull() {
			plan.Alias = types.StringUnknown() // a running guest's disk may be attached again, as one of this provider
		}
	}
	if !state.Persistent.ValueBool() {
		plan.Persistent = types.BoolUnknown()
	}
	plan.PendingRestart, plan.MonitorsStale = types.BoolUnknown(), types.BoolUnknown()
}

// keepDisk is the plan of a disk of which the configuration asks nothing new: as long as it is in all definitions of its domain and its
// cluster's monitors are the same, it stays as it is. It returns false where more has to be looked at.
func (r *diskResource) keepDisk(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) bool {
	var state model
	if !tfkit.Get(ctx, req.State, &state, &resp.Diagnostics) {
		return true
	}
	record := tfkit.GetPrivate[diskRecord](ctx, req.Private, recordKey, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return true
	}
	if record.GoneOver || !r.definitionsStay(ctx, &state, record) || record.FollowMonitors && !r.monitorsStay(ctx, &state) {
		return false
	}
	if err := r.claim(&state, tfkit.Keeps, &resp.Diagnostics); err != nil {
		tfkit.AddError(&resp.Diagnostics, planSummary, err)
	}
	if record.LiveLimits {
		target, domain := state.TargetDev.ValueString(), state.Domain.ValueString()
		resp.Diagnostics.AddAttributeWarning(path.Root("iotune"), "Limits only of the running guest", fmt.Sprintf(
			"The running domain %q has limits for disk %s that its saved definition doesn't have, and nothing asks for others. They end with the"+
				" guest, and an apply after its next start plans a change.\n\nvirsh blkdeviotune %s %s --config, with the same limits, saves"+
				" them now.", domain, target, problem.Word(domain), target))
	}
	return true
}

// definitionsStay tells whether the disk is in all definitions of its domain; false also where that is not to be learned.
func (r *diskResource) definitionsStay(ctx context.Context, state *model, record diskRecord) bool {
	if state.Live.ValueBool() && state.Persistent.ValueBool() {
		return true
	}
	entry, err := r.Hypervisors.ResolveEntry(ctx, state.Hypervisor, state.HostUUID, &diag.Diagnostics{})
	if err != nil {
		return false
	}
	where, err := r.locate(readcache.Share(ctx), entry.Target, state, record.SeenOn)
	if err != nil {
		return false
	}
	live, persistent := state.restoredTo(where, record, state.Bus)
	return live.Equal(state.Live) && persistent.Equal(state.Persistent)
}

// restoredTo tells in which definitions of the domain the disk of the state belongs: in those where it is, and where it is missing.
func (m *model) restoredTo(where libvirt.Placement, record diskRecord, bus types.String) (live, persistent types.Bool) {
	ours := m.ours(record)
	if ours.ExchangedIn(ours.Find(where.Domain)) != nil {
		return m.Live, m.Persistent
	}
	disk := libvirt.Disk{Bus: bus.ValueString(), Encryption: encryptionOf(m.Encryption)}
	plugs := where.Domain.Active && where.Domain.Plugs(disk) != libvirt.PlugsNever
	return types.BoolValue(m.Live.ValueBool() || plugs), types.BoolValue(m.Persistent.ValueBool() || where.Domain.Persistent)
}

// monitorsStay tells whether the monitors of a disk are those of its cluster; false also where that is not to be learned.
func (r *diskResource) monitorsStay(ctx context.Context, state *model) bool {
	asking, cancel := breaker.Optional(readcache.Share(ctx), verifyLimit)
	defer cancel()
	entry, err := r.recordedCluster(asking, state, &diag.Diagnostics{})
	if err != nil {
		return false
	}
	monitors, err := entry.Target.Monitors(asking)
	return err == nil && rbdusage.NamesExactly(asking, monitors, monitorList(state.Monitors))
}

// planHost plans the hypervisor. Another host replaces the disk, unless the domain has moved there.
func (p *planning) planHost(ctx context.Context) error {
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
			p.former = &there
		}
	default:
		return problem.At("hypervisor", err)
	}
	return nil
}

// planDomain keeps the recorded spelling of the domain, name or UUID, while it still means the same one.
func (p *planning) planDomain(ctx context.Context) error {
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
			if err == nil && where == nil && !p.host.Known && !p.plan.Hypervisor.IsUnknown() {
				// Planned as a replacement it would take the disk from a guest that only has a new name. Where the hypervisor itself is to be
				// another one, which isn't known yet, the disk moves.
				return problem.At("domain", p.Hypervisors.NotKnown(p.plan.Hypervisor.ValueString()))
			}
			if p.undecided != nil {
				return problem.At("domain", p.undecided)
			}
			same = where != nil && where.Domain.Name == p.plan.Domain.ValueString()
		}
		if same {
			// A former name of the domain is not kept.
			if byUUID || libvirt.SameUUID(p.state.Domain.ValueString(), p.state.DomainUUID.ValueString()) {
				p.plan.Domain = p.state.Domain
			}
			return nil
		}
	}
	p.replaced = append(p.replaced, "domain")
	return nil
}

// planArguments plans arguments that need no cluster.
func (p *planning) planArguments(ctx context.Context) error {
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
	if err := p.planEncryption(ctx); err != nil {
		return err
	}
	refuseConflicts(plan, p.diags)
	recorded := state
	if !p.exists {
		recorded = nil
	}
	refuseOddities(plan, recorded, p.diags)
	if p.diags.HasError() {
		return nil
	}
	plan.ID = plan.id()
	return nil
}

// planCluster plans the cluster and its fsid, and reads the monitors where the plan may need them.
func (p *planning) planCluster(ctx context.Context) error {
	entry, err := p.findCluster(ctx)
	if err != nil {
		return problem.At("cluster", err)
	}
	p.plan.FSID = entry.Identity
	p.different = entry.Moved
	gained := p.exists && p.state.FSID.IsNull() && p.config.Monitors.IsNull()
	if entry.Known && p.config.Monitors.IsNull() && (!p.exists || entry.Moved || gained || p.record.FollowMonitors) {
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
		tfkit.AddWarnings(p.diags, warnings...)
		return err
	}
	return nil
}

// planMonitors plans monitors that are left out. Never configured, they follow the cluster's monitor map; otherwise they stay.
// Those that are configured may leave the port out.
func (p *planning) planMonitors(ctx context.Context) error {
	if !p.config.Monitors.IsNull() {
		p.plan.Monitors = p.config.Monitors
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
	if !p.cluster.Known || !p.record.FollowMonitors || rbdusage.NamesExactly(ctx, p.monitors, monitorList(p.state.Monitors)) {
		return nil
	}
	where, err := p.located(ctx)
	if err == nil && where != nil && where.Domain.Persistent && p.state.ours(p.record).ExchangedIn(p.found(where)) == nil {
		p.plan.Monitors = fromCluster
	}
	return nil
}

// planComputed plans the computed attributes. A disk that is missing in the saved definition or in the running domain is planned to be in
// both again.
func (p *planning) planComputed(ctx context.Context) error {
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
		if where != nil {
			plan.Live, plan.Persistent = state.restoredTo(*where, p.record, plan.Bus)
		}
	}
	waits := func(f libvirt.DiskField) bool { return f.Effect != libvirt.AtOnce }
	if restored(state, plan) || p.record.GoneOver || len(changes(state, plan, waits)) > 0 {
		plan.PendingRestart, plan.MonitorsStale = types.BoolUnknown(), types.BoolUnknown()
	}
	return nil
}

// found returns the disk in the domain as it is now.
func (p *planning) found(where *libvirt.Placement) libvirt.Disks {
	return p.state.ours(p.record).Find(where.Domain)
}
