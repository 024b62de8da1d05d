package libvirtrbddisk

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// ImportState records also that the disk comes from an import, and which of its settings this version reads.
func (r *diskResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	r.Base.ImportState(ctx, req, resp)
	resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, recordKey, diskRecord{Imported: true, Learned: len(learnedFields)})...)
}

// Read asks only the hypervisor whether the disk is there, and the cluster which image it is.
func (r *diskResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	const summary = "Unable to read RBD disk"
	var state model
	if !tfkit.StartRead(ctx, req, resp, &state, state.identity) {
		return
	}
	record := tfkit.GetPrivate[diskRecord](ctx, req.Private, recordKey, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	recorded := state
	ctx, cancel := tfkit.StartRefresh(ctx, state.Timeouts.Read, &resp.Diagnostics)
	defer cancel()
	entry, ok := r.Hypervisors.ReadEntry(ctx, state.Hypervisor, state.HostUUID, summary, &resp.Diagnostics)
	if !ok {
		return
	}
	importing := state.DomainUUID.IsNull()
	if importing {
		if err := r.importDisk(ctx, entry.Target, &state, &resp.Diagnostics); err != nil {
			tfkit.AddError(&resp.Diagnostics, "Unable to import RBD disk", err)
			return
		}
	}
	if record.Source == "" {
		record.Source = state.source().String()
	}
	where, found, err := r.find(ctx, entry.Target, &state, record)
	if err == nil && found.SavedOrLive() == nil {
		where, found, err = r.find(readcache.Afresh(ctx), entry.Target, &state, record)
	}
	if err == nil {
		if found.SavedOrLive() == nil {
			if err := where.PerhapsElsewhere(state.TargetDev.ValueString()); err != nil {
				tfkit.AddWarning(&resp.Diagnostics, "State kept without refresh", err)
				return
			}
		}
		tfkit.AddWarnings(&resp.Diagnostics, where.Warnings()...)
	}
	if tfkit.WarnIfUnknown(&resp.Diagnostics, err) {
		return
	}
	if problem.Is(err, problem.NotFound) || err == nil && found.SavedOrLive() == nil {
		if err == nil && record.Imported {
			warnUnrecognized(&resp.Diagnostics, where, &state)
		}
		resp.State.RemoveResource(ctx)
		return
	}
	if err == nil {
		warnExchanged(&resp.Diagnostics, where, found, &state, record)
		tfkit.AddWarnings(&resp.Diagnostics, where.NameWarnings(ctx, entry.Target, state.Domain.ValueString(), state.TargetDev.ValueString())...)
		tfkit.AddWarnings(&resp.Diagnostics, where.CopyingWarnings(found)...)
		if record.Asked != "" && found.SavedOrLive().Source() == record.Asked {
			record.takeAsked(found.Live, &state)
		}
		if state.adopts(where.Domain, found, record) {
			// The recorded identity, and the former names, are those of the former image.
			state.ImageID, record.PoolID = types.StringNull(), 0
			record.Source, record.FormerSources = found.SavedOrLive().Source(), nil
		} else if found.Live != nil && found.Live.Source() == record.Source {
			record.FormerSources = nil // An image that gets such a name from now on is another one.
		}
		record.learn(*found.SavedOrLive())
		err = state.readDisk(ctx, where, found, &record)
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	record.SeenOn = ""
	if where.Host != entry.Target {
		record.SeenOn, _ = where.Host.UUID(ctx) // without it the host is known by its label
	}
	record.warnPending(where, found, &resp.Diagnostics)
	state.HostUUID = entry.Identity
	state.ID = state.id()
	if importing {
		err = readCluster(ctx, r.finder(where.Host), &state, &resp.Diagnostics)
	} else {
		err = r.followCluster(ctx, where.Host, found, &recorded, &state, &record)
	}
	if err == nil {
		err = r.readSource(ctx, &state, &record, &resp.Diagnostics)
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	record.Domain, record.Target = state.DomainUUID.ValueString(), state.TargetDev.ValueString()
	resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, recordKey, record)...)
	tfkit.FinishRead(ctx, resp, &recorded, &state, state.identity())
}

// importDisk fills the state with the disk that an import names, where it can be taken over.
func (r *diskResource) importDisk(ctx context.Context, host *libvirt.Host, state *model, diags *diag.Diagnostics) error {
	domain, disk, err := host.ImportableDisk(ctx, state.Domain.ValueString(), state.TargetDev.ValueString())
	if err != nil {
		return err
	}
	state.DomainUUID = types.StringValue(domain.UUID)
	state.read(disk, namesImage)
	state.adopt(domain)
	return r.claim(state, tfkit.Imports, diags)
}

// adopt records the alias of this provider that an imported disk has. It may be that of another domain or target, whose definition was
// copied or edited: nothing but the import proves that the disk is ours.
func (m *model) adopt(domain libvirt.Domain) {
	if disk := domain.OwnAt(m.TargetDev.ValueString()).SavedOrLive(); disk != nil {
		m.Alias = types.StringValue(disk.Alias)
	}
}

// find finds the domain of a disk in the state, and the disk in it.
func (r *diskResource) find(
	ctx context.Context, host *libvirt.Host, state *model, record diskRecord,
) (where libvirt.Placement, found libvirt.Disks, err error) {
	if where, err = r.locate(ctx, host, state, record.SeenOn); err == nil {
		found = state.ours(record).Find(where.Domain)
	}
	return where, found, err
}

// warnExchanged warns of a disk to which somebody has given another source.
func warnExchanged(diags *diag.Diagnostics, where libvirt.Placement, found libvirt.Disks, state *model, record diskRecord) {
	ours := state.ours(record)
	disk := ours.ExchangedIn(found)
	if disk == nil {
		return
	}
	why, do := ours.ExplainExchange(where.Domain, found, *disk)
	diags.AddWarning(fmt.Sprintf("Disk %s of domain %q has another source", state.TargetDev.ValueString(), where.Domain.Name), fmt.Sprintf(
		"Disk %s of domain %q on hypervisor %q doesn't read its image. %s\n\nUntil it does, its source is left as it is, the disk is neither"+
			" detached nor added where it is missing, and the guest isn't told of a growth of the image.\n\n%s",
		state.TargetDev.ValueString(), where.Domain.Name, where.Host.Label(), why, do))
}

// warnUnrecognized warns of an imported disk that leaves the state because what is at its target now is taken for another disk: it has no
// alias of this provider by which it could be known whatever it reads.
func warnUnrecognized(diags *diag.Diagnostics, where libvirt.Placement, state *model) {
	target := state.TargetDev.ValueString()
	for _, definition := range []*libvirt.Definition{where.Domain.Live, where.Domain.Saved} {
		disk := definition.DiskByTarget(target)
		if disk == nil || disk.Own() {
			continue
		}
		diags.AddWarning("Imported disk not recognized", fmt.Sprintf(
			"Disk %s of domain %q on hypervisor %q was imported, so it is known by its target and its image, %s. At that target is %s now, which is"+
				" taken for another disk: this one has left the state, and the next apply would attach it anew.\n\nIf somebody has given the same disk"+
				" another source, give it its image back, or name the image that it has now, and import it again. Otherwise give this one another"+
				" target_dev.", target, where.Domain.Name, where.Host.Label(), state.source(), disk.DescribeSource()))
		return
	}
}

// readDisk reads the disk of the domain into the model.
func (m *model) readDisk(ctx context.Context, where libvirt.Placement, found libvirt.Disks, record *diskRecord) error {
	disk, err := where.Host.NameSecrets(ctx, *found.SavedOrLive())
	if err != nil {
		return err
	}
	if found.Saved == nil && slices.Contains(record.FormerSources, disk.Source()) {
		// Only the running guest has the disk, and it names the image as it was called when the guest opened it.
		disk = m.onto(disk, namesImage)
	}
	ours, recorded := m.ours(*record), m.disk()
	m.read(disk, ours.ComparableFields(found.SavedOrLive()))
	record.LiveLimits = showsLiveLimits(recorded, disk, found, record.LiveLimits)
	if record.LiveLimits {
		m.read(*found.Live, atOnce)
	}
	m.readComputed(where, found)
	if m.Size.IsNull() || !ours.TellsSize(found) {
		return nil
	}
	bytes, err := where.Host.DiskBytes(ctx, where.Domain.UUID, m.TargetDev.ValueString())
	if err == nil && bytes < m.Size.Bytes() {
		// The guest doesn't know that the image has grown: the next apply tells it.
		m.Size = tfkit.SizeOf(bytes)
	}
	return err
}

// showsLiveLimits tells whether the state shows the running guest's limits, so that the next apply puts them back: where they alone are not
// what was recorded, and from then on until they are as saved again. before tells that the recorded ones are those of the guest already.
func showsLiveLimits(recorded, saved libvirt.Disk, found libvirt.Disks, before bool) bool {
	return found.Saved != nil && found.Live != nil && len(libvirt.DiffDisks(saved, *found.Live, atOnce)) > 0 &&
		(before || len(libvirt.DiffDisks(recorded, saved, atOnce)) == 0)
}

// atOnce tells whether the running guest is told of a change of a field.
func atOnce(f libvirt.DiskField) bool { return f.Effect == libvirt.AtOnce }

// adopts tells whether the disk has become that of another image, which somebody has put into the definitions: the guest runs with it, or
// starts with it. A renamed image keeps its former name in a guest that has it open. The state's own name proves nothing: a refresh shows
// what the saved definition names, long before the guest opens it.
func (m *model) adopts(domain libvirt.Domain, found libvirt.Disks, record diskRecord) bool {
	disk := found.SavedOrLive()
	applied := libvirt.ManagedDisk{Sources: append([]string{record.Source}, record.FormerSources...)}
	if applied.ReadBy(*disk) || m.ours(record).Exchanged(disk) {
		return false
	}
	if found.Live == nil {
		return !domain.Active
	}
	return found.Live.Source() == disk.Source()
}

// takeAsked notes that a change without an answer has been made, unless the running guest tells that somebody else has put the image there.
func (m *diskRecord) takeAsked(live *libvirt.Disk, state *model) {
	switch {
	case live == nil || live.Source() == m.Asked:
		// The recorded identity may be that of the image which the disk had before.
		m.Source, state.ImageID, m.PoolID = m.Asked, types.StringNull(), 0
	case slices.Contains(m.FormerSources, live.Source()):
		m.Source = m.Asked // the same image under a new name
	}
	m.Asked = ""
}

// readComputed reads where the disk is, and how that of the running guest differs.
func (m *model) readComputed(where libvirt.Placement, found libvirt.Disks) {
	m.DomainUUID = types.StringValue(where.Domain.UUID)
	m.RunningOn = types.StringValue(where.Host.Label())
	m.Live, m.Persistent = types.BoolValue(found.Live != nil), types.BoolValue(found.Saved != nil)
	m.PendingRestart, m.MonitorsStale = types.BoolValue(found.PendingRestart()), types.BoolValue(found.MonitorsStale())
	alias, own := "", libvirt.OwnAlias(where.Domain.UUID, m.TargetDev.ValueString())
	for _, disk := range found.Each() {
		if disk.Alias == own || disk.Alias == m.Alias.ValueString() {
			alias = disk.Alias
		}
	}
	m.Alias = tfkit.StringOrNull(alias)
}

// readSource reads the identity of the image. An unreachable cluster is only a warning: the hypervisor knows whether the disk is there.
func (r *diskResource) readSource(ctx context.Context, state *model, record *diskRecord, diags *diag.Diagnostics) error {
	if state.FSID.IsNull() {
		return nil
	}
	asking, cancel := breaker.Optional(ctx, verifyLimit)
	defer cancel()
	entry, err := r.recordedCluster(asking, state, diags)
	var pool int64
	var image string
	if err == nil {
		pool, image, err = entry.Target.ImageIdentity(asking, state.source(), record.PoolID, state.ImageID.ValueString())
	}
	switch {
	case err == nil:
		if record.Domain != "" && state.Live.ValueBool() && (state.ImageID.ValueString() != image || record.PoolID != pool) {
			there, err := entry.Target.Image(asking, state.source())
			record.GoneOver = err == nil && there.ID == image && rbdusage.HoldsUnfinishedCopy(there)
		}
		state.ImageID, record.PoolID = types.StringValue(image), pool
	case problem.Is(err, problem.WrongIdentity):
		return err
	case !problem.Is(err, problem.Unknown):
		tfkit.AddWarning(diags, notVerified, err)
	}
	return nil
}

// warnPending warns of a detach that the guest may still follow, and removes one that is over from the record.
func (m *diskRecord) warnPending(where libvirt.Placement, found libvirt.Disks, diags *diag.Diagnostics) {
	still, warnings := where.PendingDetach(found, m.DetachAsked)
	m.DetachAsked = still
	tfkit.AddWarnings(diags, warnings...)
}
