package libvirtrbddisk

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// ImportState takes the domain and the target; the read that follows takes over the disk.
func (r *diskResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importKey.Import(ctx, req, resp)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("attach_probe"), true)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("on_source_change"), onSourceChangeRefuse)...)
	resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, memoryKey, memory{Imported: true})...)
}

// Read asks the hypervisor alone whether the disk is there; the cluster only tells which image it is.
func (r *diskResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	const summary = "Unable to read RBD disk"
	var state model
	if !tfkit.StartRead(ctx, req, resp, &state, state.identity) {
		return
	}
	remembered := tfkit.GetPrivate[memory](ctx, req.Private, memoryKey, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.WithTimeout(ctx, state.Timeouts.Read, &resp.Diagnostics)
	defer cancel()
	entry, ok := r.Hypervisors.ReadEntry(ctx, state.Hypervisor, state.HostUUID, summary, &resp.Diagnostics)
	if !ok {
		return
	}
	importing := state.DomainUUID.IsNull()
	if importing {
		domain, disk, err := entry.Target.ImportableDisk(ctx, state.Domain.ValueString(), state.TargetDev.ValueString())
		if err == nil {
			state.DomainUUID = types.StringValue(domain.UUID)
			state.read(disk, namesImage)
			err = r.claim(&state, tfkit.Imports, &resp.Diagnostics)
		}
		if err != nil {
			tfkit.AddError(&resp.Diagnostics, "Unable to import RBD disk", err)
			return
		}
	}
	if remembered.Source == "" {
		remembered.Source = state.source().String()
	}
	where, err := r.locate(ctx, entry.Target, &state)
	found := libvirt.Disks{}
	if err == nil {
		found = state.ours(remembered).Find(where.Domain)
		if found.SavedOrLive() == nil {
			if err := where.PerhapsElsewhere(state.TargetDev.ValueString()); err != nil {
				tfkit.AddWarning(&resp.Diagnostics, "State kept without refresh", err)
				return
			}
		}
		tfkit.AddWarnings(&resp.Diagnostics, where.Warnings())
	}
	if tfkit.WarnIfUnknown(&resp.Diagnostics, err) {
		return
	}
	if problem.Is(err, problem.NotFound) || err == nil && found.SavedOrLive() == nil {
		resp.State.RemoveResource(ctx)
		return
	}
	if err == nil {
		warnExchanged(&resp.Diagnostics, where, found, &state, remembered)
		if runsOther(state.ours(remembered), found) {
			// What the image's id was says nothing about this one.
			state.ImageID, remembered.PoolID = types.StringNull(), 0
		}
		err = state.readDisk(ctx, where, found, remembered)
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	remembered.tellPending(where, found, &resp.Diagnostics)
	state.HostUUID = entry.Identity
	state.ID = state.id()
	if importing {
		err = r.readCluster(ctx, where.Host, &state, &resp.Diagnostics)
	}
	if err == nil {
		err = r.readSource(ctx, &state, &remembered, &resp.Diagnostics)
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	remembered.Domain, remembered.Target = state.DomainUUID.ValueString(), state.TargetDev.ValueString()
	resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, memoryKey, remembered)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
}

// warnExchanged tells of a disk whose source somebody has exchanged.
func warnExchanged(diags *diag.Diagnostics, where libvirt.Placement, found libvirt.Disks, state *model, remembered memory) {
	ours := state.ours(remembered)
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

// readDisk takes over what the hypervisor tells.
func (m *model) readDisk(ctx context.Context, where libvirt.Placement, found libvirt.Disks, remembered memory) error {
	disk, err := where.Host.NameSecret(ctx, *found.SavedOrLive())
	if err != nil {
		return err
	}
	if found.Saved == nil && slices.Contains(remembered.FormerSources, disk.Source()) {
		// Only the running guest has the disk, and it names the image as it was called when the guest opened it.
		disk = m.onto(disk, namesImage)
	}
	ours, recorded := m.ours(remembered), m.disk()
	m.read(disk, ours.ComparableFields(found.SavedOrLive()))
	if found.Saved != nil && found.Live != nil && len(libvirt.DiffDisks(recorded, disk, atOnce)) == 0 {
		// The limits of the running guest are shown where only they are other than they were: they can be put back at once.
		m.read(*found.Live, atOnce)
	}
	m.readComputed(where, found)
	if m.Size.IsNull() || !ours.TellsSize(found) {
		return nil
	}
	bytes, err := where.Host.DiskBytes(ctx, where.Domain.UUID, m.TargetDev.ValueString())
	if err == nil && bytes < m.Size.Bytes() {
		// The guest was not told, or the disk was attached while the image was smaller: the next apply tells it.
		m.Size = tfkit.SizeOf(bytes)
	}
	return err
}

// atOnce tells whether the running guest is told of a change of a field.
func atOnce(f libvirt.DiskField) bool { return f.Effect == libvirt.AtOnce }

// runsOther tells whether the running guest reads by a name that the disk never had: somebody has attached another image, which
// a rename of the same one never shows in a guest that keeps it open.
func runsOther(ours libvirt.ManagedDisk, found libvirt.Disks) bool {
	return found.Live != nil && found.Live.Source() == found.SavedOrLive().Source() && !ours.Exchanged(found.Live) && !ours.ReadBy(*found.Live)
}

// readComputed takes over where the disk is and how the running guest's differs.
func (m *model) readComputed(where libvirt.Placement, found libvirt.Disks) {
	m.DomainUUID = types.StringValue(where.Domain.UUID)
	m.RunningOn = types.StringValue(where.Host.Label())
	m.Live, m.Persistent = types.BoolValue(found.Live != nil), types.BoolValue(found.Saved != nil)
	m.PendingRestart, m.MonitorsStale = types.BoolValue(found.PendingRestart()), types.BoolValue(found.MonitorsStale())
	alias, own := found.SavedOrLive().Alias, libvirt.OwnAlias(where.Domain.UUID, m.TargetDev.ValueString())
	if alias != own && alias != m.Alias.ValueString() {
		alias = ""
	}
	m.Alias = tfkit.StringOrNull(alias)
}

// readSource keeps the identity of the source, which is the image's id and not its name. A cluster that can't be asked is
// no error: whether the disk is there is the hypervisor's to say.
func (r *diskResource) readSource(ctx context.Context, state *model, remembered *memory, diags *diag.Diagnostics) error {
	if state.FSID.IsNull() {
		return nil
	}
	asking, cancel := breaker.Optional(ctx, verifyLimit)
	defer cancel()
	entry, err := r.rememberedCluster(asking, state, diags)
	var image ceph.Image
	if err == nil {
		image, err = entry.Target.ImageByIDOrName(asking, state.source(), remembered.PoolID, state.ImageID.ValueString())
	}
	switch {
	case err == nil:
		state.ImageID, remembered.PoolID = types.StringValue(image.ID), image.PoolID
	case problem.Is(err, problem.WrongIdentity):
		return err
	case !problem.Is(err, problem.Unknown):
		tfkit.AddWarning(diags, notVerified, err)
	}
	return nil
}

// tellPending warns of a detach that the guest may still follow, and forgets one that is over.
func (m *memory) tellPending(where libvirt.Placement, found libvirt.Disks, diags *diag.Diagnostics) {
	still, warnings := where.PendingDetach(found, m.DetachAsked)
	m.DetachAsked = still
	tfkit.AddWarnings(diags, warnings)
}
