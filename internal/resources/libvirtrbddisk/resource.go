// Package libvirtrbddisk is the resource libvirt_rbd_disk, and the data sources of domains.
package libvirtrbddisk

import (
	"cmp"
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// TypeName of the resource.
const TypeName = "libvirt_rbd_disk"

// detachTimeout is the default timeout for a guest to release a disk.
const detachTimeout = 3 * time.Minute

// Values of on_source_change.
const (
	onSourceChangeRefuse   = "refuse"
	onSourceChangeReplace  = "replace"
	onSourceChangeLiveCopy = "live_copy"
)

var resourceType = tfkit.ResourceType{
	Name:      TypeName,
	ImportKey: tfkit.ImportKey{Form: "HYPERVISOR/DOMAIN/TARGET", Attributes: []string{"hypervisor", "domain", "target_dev"}},
	ImportDefaults: tfkit.ImportDefaults{
		"attach_probe": types.BoolValue(true), "on_source_change": types.StringValue(onSourceChangeRefuse),
	},
}

var _ resource.ResourceWithValidateConfig = (*diskResource)(nil)

// NewResource returns the resource.
func NewResource() tfkit.Resource { return &diskResource{tfkit.Base{Type: resourceType}} }

type diskResource struct{ tfkit.Base }

func (r *diskResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	const summary = "Unable to attach RBD disk"
	var config, plan model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, plan.Timeouts.Create, &resp.Diagnostics)
	defer cancel()
	j, err := r.prepare(ctx, &config, &plan, &resp.Diagnostics)
	defer j.release()
	var image ceph.Image
	if err == nil {
		image, err = j.preflight(ctx, nil, &resp.Diagnostics)
	}
	if err == nil {
		if j.found.SavedOrLive() != nil {
			tfkit.AddWarnings(&resp.Diagnostics, j.TakenOverWarning(j.target()))
		}
		err = j.putInPlace(ctx, image, &resp.Diagnostics)
	}
	switch {
	case err != nil && !j.attached():
		if j.taken != "" {
			r.ReleaseHolder(j.taken)
		}
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	case j.contested:
		// The disk stays in the state, tainted: the next apply tries again to detach it.
		tfkit.AddError(&resp.Diagnostics, summary, err)
	case err != nil:
		// The disk is attached, and an error would make the next plan detach it.
		at := path.Root(cmp.Or(problem.Argument(err), "target_dev"))
		resp.Diagnostics.AddAttributeWarning(at, "Disk attached, but not all of its settings", err.Error())
	}
	r.HoldMade(j.object())
	j.noteImage(nil, image)
	j.finish(ctx, &resp.Diagnostics)
	resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, recordKey, j.record)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

// prepare finds the domain of a new disk, and fills what the plan left unknown.
func (r *diskResource) prepare(ctx context.Context, config, plan *model, diags *diag.Diagnostics) (*job, error) {
	j := &job{plan: plan, fixedAddress: !config.Address.IsNull(), connections: r.Connections}
	entry, err := r.Hypervisors.ApplyEntry(ctx, plan.Hypervisor, plan.HostUUID, diags)
	if err != nil {
		return j, problem.At("hypervisor", err)
	}
	plan.Hypervisor, plan.HostUUID = entry.Label, entry.Identity
	domain, err := entry.Target.ExistingDomain(ctx, plan.Domain.ValueString())
	if err != nil {
		return j, err
	}
	if err := j.take(ctx, r, entry.Target, domain); err != nil {
		return j, err
	}
	j.Placement = libvirt.Placement{Host: entry.Target, Domain: domain}
	if !domain.Active { // it may run elsewhere
		if j.Placement, err = r.locate(ctx, entry.Target, &model{DomainUUID: types.StringValue(domain.UUID)}, ""); err != nil {
			return j, problem.At("domain", err)
		}
	}
	tfkit.AddWarnings(diags, j.Warnings()...)
	if err := j.RefuseElsewhere(entry.Target); err != nil {
		return j, err
	}
	plan.DomainUUID, plan.ID = types.StringValue(domain.UUID), plan.id()
	j.record = diskRecord{
		Domain: domain.UUID, Target: plan.TargetDev.ValueString(), FollowMonitors: config.Monitors.IsNull(), Learned: len(learnedFields),
	}
	if j.cluster, err = r.applyCluster(ctx, plan, diags); err != nil {
		return j, err
	}
	return j, j.fillMonitors(ctx)
}

func (r *diskResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	const summary = "Unable to change RBD disk"
	var config, state, plan model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	record := tfkit.GetPrivate[diskRecord](ctx, req.Private, recordKey, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	timeout := plan.Timeouts.Update
	if copies(&state, &plan) {
		timeout = withDefault(plan.Timeouts.Update, copyTimeout)
	}
	ctx, cancel := tfkit.StartChange(ctx, timeout, &resp.Diagnostics)
	defer cancel()
	j := &job{plan: &plan, fixedAddress: !config.Address.IsNull(), record: record, connections: r.Connections}
	defer j.release()
	entry, err := r.Hypervisors.ApplyEntry(ctx, plan.Hypervisor, plan.HostUUID, &resp.Diagnostics)
	if err == nil {
		plan.Hypervisor, plan.HostUUID = entry.Label, entry.Identity
		plan.ID = plan.id()
		j.Placement, err = r.locate(ctx, entry.Target, &state, record.SeenOn)
		tfkit.AddWarnings(&resp.Diagnostics, j.Warnings()...)
	}
	if err == nil {
		j.again = reattachmentOf(&state, &plan, record, j.Domain)
		j.found = state.ours(record).Find(j.Domain)
		attaches := j.again.detaches() || j.missing()&libvirt.Live != 0
		j.cluster, err = r.clusterForUpdate(ctx, &state, &plan, attaches, &resp.Diagnostics)
	}
	if err == nil {
		err = j.keep(ctx, r)
	}
	if err == nil {
		err = j.update(ctx, &state, &resp.Diagnostics)
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		// Names are kept also where nothing is known to have changed: the answer may have been lost.
		record.FormerSources = j.record.FormerSources
		if j.touched || problem.NoAnswer(err) {
			record.Asked = j.record.Asked
		}
		if j.touched {
			j.saveActual(ctx, &state, resp)
			record.DetachAsked, record.LiveLimits, record.SeenOn = j.record.DetachAsked, j.record.LiveLimits, ""
			if j.copied {
				record.PoolID, record.Source = j.record.PoolID, j.record.Source
			}
		}
		resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, recordKey, record)...)
		return
	}
	j.record.FollowMonitors = config.Monitors.IsNull() && (j.record.FollowMonitors || !plan.Monitors.Equal(state.Monitors))
	if len(changes(&state, &plan, namesImage)) > 0 || moved(&state, &plan) { // otherwise nothing has told which image the name means
		j.record.Source = plan.source().String()
	}
	j.finish(ctx, &resp.Diagnostics)
	j.record.warnPending(j.Placement, j.found, &resp.Diagnostics)
	resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, recordKey, j.record)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

// withDefault is a configured time limit with another default than it would be given.
func withDefault(configured tfkit.TimeLimit, limit time.Duration) tfkit.TimeLimit {
	return func(ctx context.Context, _ time.Duration) (time.Duration, diag.Diagnostics) {
		return configured(ctx, limit)
	}
}

// Delete detaches the disk. It needs only the hypervisor.
func (r *diskResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	const summary = "Unable to detach RBD disk"
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	record := tfkit.GetPrivate[diskRecord](ctx, req.Private, recordKey, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, withDefault(state.Timeouts.Delete, detachTimeout), &resp.Diagnostics)
	defer cancel()
	object := diskObject(state.DomainUUID.ValueString(), state.TargetDev.ValueString())
	other, release, err := r.own(ctx, object)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	defer release()
	if other != nil && other.Made {
		warnReplacement(&state, &resp.Diagnostics)
		return
	}
	entry, err := r.Hypervisors.ResolveEntry(ctx, state.Hypervisor, state.HostUUID, &resp.Diagnostics)
	var where libvirt.Placement
	if err == nil {
		where, err = r.locate(ctx, entry.Target, &state, record.SeenOn)
		tfkit.AddWarnings(&resp.Diagnostics, where.Warnings()...)
	}
	var found libvirt.Disks
	if err == nil {
		if found = state.ours(record).Find(where.Domain); found.SavedOrLive() == nil {
			err = where.PerhapsElsewhere(state.TargetDev.ValueString())
		}
	}
	if err == nil {
		err = where.Host.RefuseForeign(where.Domain, state.ours(record), found)
	}
	if err == nil {
		err = where.Host.RefuseHeld(ctx, where.Domain, found, state.TargetDev.ValueString(), libvirt.Change{Detaches: true})
	}
	if err == nil {
		err = where.Host.RefuseUnplug(where.Domain, found)
	}
	pending := false
	if err == nil {
		pending, err = where.Host.DetachDisks(ctx, where.Domain, found)
	}
	if err == nil && found.Live != nil {
		err = r.refuseMigrated(ctx, entry.Target, &state, record, where)
	}
	if pending {
		record.DetachAsked = where.Domain.RunningNumber()
		resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, recordKey, record)...)
	}
	if err != nil && !problem.Is(err, problem.NotFound) {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	r.ReleaseHolder(object)
}
