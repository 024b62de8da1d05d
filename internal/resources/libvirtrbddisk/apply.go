package libvirtrbddisk

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// job is one create or update: it changes the disk of one domain to what the plan says.
type job struct {
	libvirt.Placement
	found   libvirt.Disks
	cluster *ceph.Cluster // nil for a disk without one
	plan    *model
	// record is what the private state will hold.
	record diskRecord
	// fixedAddress is set where the configuration has the address, so that the disk is attached at no other.
	fixedAddress bool
	// touched is set once something was changed.
	touched bool
	// contested is set where the disk is attached although somebody else has the image open.
	contested bool
	// copy is where the copy of the disk's content to another image is, copyFrom the image that it is copied from; copied is set once the
	// guest has gone over.
	copy     copyStep
	copyFrom rbdusage.CopySource
	copied   bool

	// again is whether the running guest's disk is taken from it and attached again.
	again reattachment

	connections *tfkit.Connections
	taken       string // the planned disk, once it is noted as this job's
	unlocks     []func()
}

// putInPlace attaches the disk where it is missing, and updates the saved definition where it differs.
func (j *job) putInPlace(ctx context.Context, image ceph.Image, diags *diag.Diagnostics) error {
	alias := libvirt.OwnAlias(j.Domain.UUID, j.plan.TargetDev.ValueString())
	missing := j.missing()
	if missing != 0 {
		disk, err := j.missingDisk(ctx, alias)
		if err != nil {
			return err
		}
		if missing&libvirt.Live != 0 || !j.Domain.Active && disk.Encryption.Format != "" {
			if err := j.probe(ctx, disk); err != nil {
				return err
			}
		}
		if missing&libvirt.Live != 0 {
			// Again, right before the attach: somebody may have opened it during the probe, or while a host did not answer.
			if err := j.refuseOpened(ctx, 0); err != nil {
				return err
			}
		}
		if err := j.Host.AttachManaged(ctx, j.Domain.UUID, disk, missing, j.fixedAddress, j.plan.ours(j.record)); err != nil {
			return j.access().Explain(ctx, err)
		}
		j.touched = true
		if missing&libvirt.Live != 0 {
			j.record.DetachAsked = 0 // The guest has released the former device, and this is another one.
		}
		if err := j.lookAgain(ctx, disk, missing, diags); err != nil {
			return err
		}
	}
	if writesAlone(j.plan) && (j.found.Where()|missing)&libvirt.Live != 0 {
		j.holdImage(image)
	}
	if j.found.Saved == nil {
		return nil
	}
	wanted, err := j.changed(ctx, *j.found.Saved)
	if err == nil {
		wanted, err = j.setGroupLimits(ctx, wanted)
	}
	if err != nil || len(wanted.Changed()) == 0 {
		return err
	}
	if !j.Domain.Active && slices.Contains(wanted.Changed(), "encryption") {
		if err := j.probe(ctx, wanted); err != nil {
			return err
		}
	}
	if wanted.Source() != j.found.Saved.Source() {
		j.record.Asked = wanted.Source()
	}
	if err := j.Host.UpdateSavedDisk(ctx, j.Domain.UUID, wanted); err != nil {
		return err
	}
	j.touched = true
	return nil
}

// setGroupLimits sets the saved limits of a disk that stays in its group, and returns what else is to be changed. libvirt refuses to define
// a disk whose limits are not those of its group, and changes them for all of the group when they are set by themselves.
func (j *job) setGroupLimits(ctx context.Context, wanted libvirt.Disk) (libvirt.Disk, error) {
	group := wanted.Limits.Group
	if group == "" || group != j.found.Saved.Limits.Group || !slices.Contains(wanted.Changed(), "iotune") {
		return wanted, nil
	}
	if err := j.Host.SetIOTune(ctx, j.Domain.UUID, *j.found.Saved, wanted.Limits, libvirt.Saved); err != nil {
		return wanted, err
	}
	j.touched = true
	// libvirt has filled in more than was set, for all of the group.
	if err := j.findAgain(ctx); err != nil {
		return wanted, err
	}
	if j.found.Saved == nil {
		return wanted, j.DiskGone(j.target(), "the next refresh tells whether it is there.")
	}
	return j.changed(ctx, *j.found.Saved)
}

// probe lets the host open a disk's image once, unless attach_probe is off.
func (j *job) probe(ctx context.Context, disk libvirt.Disk) error {
	if !j.plan.AttachProbe.ValueBool() {
		return nil
	}
	return j.access().Explain(ctx, j.Host.ProbeDisk(ctx, j.Domain, disk))
}

// findAgain reads the domain, and finds the disk in it as the plan names it.
func (j *job) findAgain(ctx context.Context) error {
	domain, err := j.Host.Domain(ctx, j.Domain.UUID)
	if err == nil { // otherwise the domain as it was tells which one to ask for once more
		j.Domain, j.found = domain, j.plan.ours(j.record).Find(domain)
	}
	return err
}

// lookAgain checks who has the image open after the attach to a running domain. A disk that was detached again counts as not touched.
func (j *job) lookAgain(ctx context.Context, attached libvirt.Disk, where libvirt.Where, diags *diag.Diagnostics) error {
	if j.cluster == nil || !writesAlone(j.plan) || where&libvirt.Live == 0 {
		return nil
	}
	access := j.access()
	access.Disk = attached
	warnings, contested, err := access.RecheckWatchers(ctx, j.Domain, where)
	tfkit.AddWarnings(diags, warnings...)
	j.touched, j.contested = err == nil || contested, contested
	return err
}

// missing returns where the domain lacks the disk and can get it: not in a running domain without hot-plug, and nowhere while somebody has
// given the disk another source.
func (j *job) missing() libvirt.Where {
	if j.plan.ours(j.record).ExchangedIn(j.found) != nil {
		return 0
	}
	missing := j.Domain.Where() &^ j.found.Where()
	if j.Domain.Plugs(j.plan.disk()) == libvirt.PlugsNever {
		missing &^= libvirt.Live
	}
	return missing
}

// missingDisk returns the disk to attach where it is missing: like the one in the other definition, if there is one.
func (j *job) missingDisk(ctx context.Context, alias string) (libvirt.Disk, error) {
	var disk libvirt.Disk
	var err error
	switch {
	case j.found.Saved != nil:
		disk, err = j.changed(ctx, *j.found.Saved)
	case j.found.Live != nil:
		if disk, err = j.found.Live.ForSaved(); err == nil {
			disk, err = j.changed(ctx, disk)
		}
	default:
		disk = j.plan.onto(libvirt.Disk{}, nil)
		if place := j.Domain.PlaceOnSCSI(disk); place != nil {
			disk.Address = place
		}
	}
	disk.Alias = alias
	return disk, err
}

// changed returns an existing disk as the plan asks for it. A source that somebody has exchanged stays.
func (j *job) changed(ctx context.Context, disk libvirt.Disk) (libvirt.Disk, error) {
	named, err := j.Host.NameSecrets(ctx, disk)
	if err != nil {
		return named, err
	}
	return j.plan.onto(named, j.plan.ours(j.record).ComparableFields(&disk)), nil
}

// update changes an existing disk, which was looked for in the domain, where the plan differs from the state.
func (j *job) update(ctx context.Context, state *model, diags *diag.Diagnostics) error {
	if j.found.SavedOrLive() == nil {
		if err := j.PerhapsElsewhere(state.TargetDev.ValueString()); err != nil {
			return err
		}
		return j.DiskGone(state.TargetDev.ValueString(), "the next refresh notices it, and the disk is attached anew.")
	}
	j.record.learn(*j.found.SavedOrLive())
	if err := j.fillMonitors(ctx); err != nil {
		return err
	}
	image, err := j.preflight(ctx, state, diags)
	if err != nil {
		return err
	}
	if err := j.unmark(ctx, state, image); err != nil {
		return err
	}
	if image.ID == "" && j.found.Live == nil && j.plan.ImageID.IsUnknown() {
		image = j.imageAtNextStart(ctx)
	}
	j.noteImage(state, image)
	if j.copy != noCopy {
		if err := j.copyContent(ctx, image); err != nil {
			return err
		}
	}
	if err := j.reattach(ctx, diags); err != nil {
		return err
	}
	if err := j.putInPlace(ctx, image, diags); err != nil {
		return err
	}
	if j.found.Live == nil {
		return nil
	}
	if asked := j.plan.disk(); len(libvirt.DiffDisks(*j.found.Live, asked, atOnce)) > 0 {
		if err := j.Host.SetIOTune(ctx, j.Domain.UUID, *j.found.Live, asked.Limits, libvirt.Live); err != nil {
			return err
		}
		j.touched = true
	}
	if !resized(state, j.plan) || !state.ours(j.record).TellsSize(j.found) {
		return nil
	}
	if err := j.Host.ResizeDisk(ctx, j.Domain.UUID, *j.found.Live, image.SizeBytes); err != nil {
		return problem.At("size", err)
	}
	return nil
}

// fillMonitors fills monitors that the plan left unknown with those of the cluster.
func (j *job) fillMonitors(ctx context.Context) error {
	if !j.plan.Monitors.IsUnknown() {
		return nil
	}
	if j.cluster == nil {
		return problem.At("monitors", needsCluster(fmt.Errorf("the disk has no cluster")))
	}
	monitors, err := j.cluster.Monitors(ctx)
	if err != nil {
		return problem.At("cluster", err)
	}
	j.plan.Monitors = monitorSet(rbdusage.DiskMonitors(monitors))
	return nil
}

func (j *job) target() string { return j.plan.TargetDev.ValueString() }

// attached tells whether the disk is in at least one definition of the domain.
func (j *job) attached() bool { return j.touched || j.found.SavedOrLive() != nil }

// finish fills what the plan left unknown with the disk as it is now. Planned values stay, also where the disk differs: Terraform would
// refuse others, and the next refresh reads them.
func (j *job) finish(ctx context.Context, diags *diag.Diagnostics) {
	actual := *j.plan
	reading, done := tfkit.ReadBack(ctx)
	defer done()
	domain, err := j.Host.Domain(reading, j.Domain.UUID)
	found := j.plan.ours(j.record).Find(domain)
	if err == nil && found.SavedOrLive() == nil {
		err = j.DiskGone(j.target(), "the next refresh tells whether it is there.")
	}
	if err != nil {
		tfkit.AddWarning(diags, "RBD disk not read back", err)
		actual.RunningOn = types.StringValue(j.Host.Label())
		where := j.found.Where() | j.missing() // what was missing has been attached
		actual.Live, actual.Persistent = types.BoolValue(where&libvirt.Live != 0), types.BoolValue(where&libvirt.Saved != 0)
		actual.PendingRestart, actual.MonitorsStale = types.BoolValue(false), types.BoolValue(false)
		actual.Alias, actual.Address = types.StringNull(), types.ObjectNull(addressTypes)
	} else {
		j.Domain, j.found = domain, found
		actual.readComputed(j.Placement, j.found)
		actual.Address = addressObject(j.found.SavedOrLive().Address)
	}
	for _, name := range []string{"alias", "address", "running_on", "live", "persistent", "pending_restart", "monitors_stale"} {
		if j.plan.argument(name).IsUnknown() {
			j.plan.take(name, &actual)
		}
	}
	tfkit.Fill(&j.plan.ImageID, types.StringNull())
	tfkit.Fill(&j.plan.FSID, types.StringNull())
	j.record.Unasked = j.plan.ours(j.record).Unasked
	j.record.LiveLimits, j.record.Asked = false, ""
	j.record.GoneOver = j.record.GoneOver && j.cluster == nil && !j.plan.FSID.IsNull()
	j.record.Domain, j.record.Target = j.Domain.UUID, j.target()
	if j.record.Source == "" {
		j.record.Source = j.plan.source().String()
	}
}

// saveActual puts the disk as it is now into the state after an update that has failed half-way.
func (j *job) saveActual(ctx context.Context, state *model, resp *resource.UpdateResponse) {
	asking, cancel := grace.Context(ctx, libvirt.ElsewhereLimit)
	defer cancel()
	domain, err := j.Host.Domain(asking, j.Domain.UUID)
	if err != nil {
		return
	}
	if j.copied {
		for _, name := range []string{"cluster", "fsid", "image_id", "pool", "namespace", "image"} {
			state.take(name, j.plan)
		}
	}
	// Each definition may have the former or the new name of the source.
	found, before := j.plan.ours(j.record).Find(domain), state.ours(j.record).Find(domain)
	if found.Saved == nil {
		found.Saved = before.Saved
	}
	if found.Live == nil {
		found.Live = before.Live
	}
	if found.SavedOrLive() == nil || state.readDisk(asking, libvirt.Placement{Host: j.Host, Domain: domain}, found, &j.record) != nil {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}
