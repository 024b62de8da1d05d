package libvirtrbddisk

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// opening are the attributes with which QEMU opens the image: a mistake in them shows only when the domain is next started,
// so they are checked now.
var opening = []string{"pool", "namespace", "image", "snapshot", "user", "secret_uuid"}

// clusterForUpdate settles the cluster only where the update asks it something: a disk whose cluster is down can still be
// changed in what concerns the hypervisor alone.
func (r *diskResource) clusterForUpdate(ctx context.Context, config, state, plan *model, diags *diag.Diagnostics) (*ceph.Cluster, error) {
	cluster, err := r.settleCluster(ctx, config, plan, diags)
	if problem.Is(err, problem.Unreachable) && !plan.FSID.IsUnknown() && plan.FSID.Equal(state.FSID) && !asksCluster(state, plan) {
		return nil, nil
	}
	return cluster, err
}

func asksCluster(state, plan *model) bool {
	opens := len(changes(state, plan, func(a attribute) bool { return slices.Contains(opening, a.name) })) > 0
	return opens || becomesWriter(state, plan) || plan.Monitors.IsUnknown() || plan.ImageID.IsUnknown() || resized(state, plan) ||
		plan.Live.ValueBool() && !state.Live.ValueBool()
}

// becomesWriter tells whether a disk that shared its image, or only read it, is to be the only one that has it.
func becomesWriter(state, plan *model) bool { return writesAlone(plan) && !writesAlone(state) }

func resized(state, plan *model) bool {
	return !plan.Size.IsNull() && plan.Size.Bytes() != state.Size.Bytes()
}

// update brings an existing disk from the state to the plan, by what differs.
func (j *job) update(ctx context.Context, state *model, diags *diag.Diagnostics) error {
	j.found = find(j.domain, state, j.remembered)
	if j.found.mirrored() == nil {
		if err := j.perhapsElsewhere(state.TargetDev.ValueString()); err != nil {
			return err
		}
		return &problem.Problem{
			Kind: problem.Other,
			What: fmt.Sprintf("Disk %s of domain %q on hypervisor %q is gone.", state.TargetDev.ValueString(), j.domain.Name, j.host.Label()),
			Do:   "Plan again: the next refresh notices it, and the disk is attached anew.",
		}
	}
	if err := j.settleMonitors(ctx); err != nil {
		return err
	}
	if err := refuseTaken(j.host, j.domain, j.plan, j.found); err != nil {
		return err
	}
	if err := j.checkPresent(state); err != nil {
		return err
	}
	image, err := j.checkUpdate(ctx, state, diags)
	if err != nil {
		return err
	}
	if err := j.refuseHeld(ctx, state, image); err != nil {
		return err
	}
	if err := j.putInPlace(ctx, image, diags); err != nil {
		return err
	}
	if j.found.live == nil {
		return nil
	}
	if live := readXML(*j.found.live); !sameIOTune(&live, j.plan) {
		if err := j.host.SetIOTune(ctx, j.domain.UUID, *j.found.live, toIOTune(j.plan.IOTune), libvirt.Live); err != nil {
			return err
		}
		j.touched = true
	}
	if !resized(state, j.plan) || !j.found.tellsSize(state, j.remembered) {
		return nil
	}
	if err := j.host.ResizeDisk(ctx, j.domain.UUID, *j.found.live, image.SizeBytes); err != nil {
		return blame("size", err)
	}
	return nil
}

// checkUpdate makes all checks that the change calls for, before anything is touched.
func (j *job) checkUpdate(ctx context.Context, state *model, diags *diag.Diagnostics) (ceph.Image, error) {
	attaches := j.missing()&libvirt.Live != 0
	renamed := len(changes(state, j.plan, func(a attribute) bool { return isSource(a.name) })) > 0
	moved := !state.FSID.IsNull() && !j.plan.FSID.IsNull() && !state.FSID.Equal(j.plan.FSID)
	opens := attaches || len(changes(state, j.plan, func(a attribute) bool { return slices.Contains(opening, a.name) })) > 0 || moved
	becomes := becomesWriter(state, j.plan)
	image := ceph.Image{}
	var err error
	if opens || becomes || j.cluster != nil && (resized(state, j.plan) || j.plan.ImageID.IsUnknown()) {
		if image, err = findImage(ctx, j.cluster, j.plan); err != nil {
			return image, err
		}
	}
	if attaches || renamed || moved || becomes {
		if err := j.checkAlone(ctx, state, image); err != nil {
			return image, err
		}
	}
	if opens {
		if err := j.check(ctx, diags); err != nil {
			return image, err
		}
	}
	if attaches || renamed || moved || becomes {
		j.warnNamed(ctx, diags)
	}
	if resized(state, j.plan) {
		if err := checkSize(j.plan, image); err != nil {
			return image, err
		}
	}
	if renamed || moved {
		if err := j.refuseTwice(ctx); err != nil {
			return image, err
		}
		if err := j.checkRenamed(state, image, moved); err != nil {
			return image, err
		}
	}
	if j.plan.FSID.IsNull() {
		j.remembered.PoolID = 0
		j.plan.ImageID = types.StringNull()
	} else if image.ID != "" {
		j.remembered.PoolID = image.PoolID
		j.plan.ImageID = tfkit.StringOrNull(image.ID)
	}
	return image, nil
}

// checkAlone refuses, for a disk that is to open another image or to write its image alone, what else has that image. It stays locked
// until the disk is attached.
func (j *job) checkAlone(ctx context.Context, state *model, image ceph.Image) error {
	if err := j.lockImage(ctx, image); err != nil {
		return err
	}
	if err := j.readAgain(ctx, func(domain libvirt.Domain) disks { return find(domain, state, j.remembered) }); err != nil {
		return err
	}
	if err := j.refuseTwice(ctx); err != nil {
		return err
	}
	if err := j.refuseWrittenHere(image); err != nil {
		return err
	}
	switch {
	case j.found.live == nil:
		return j.refuseOpened(ctx, 0)
	case becomesWriter(state, j.plan):
		return j.refuseOpened(ctx, 1)
	}
	return nil
}

// checkRenamed lets a running guest keep its image under a new name, and refuses to give it another one.
func (j *job) checkRenamed(state *model, image ceph.Image, moved bool) error {
	if j.found.live == nil {
		return nil
	}
	same := !moved && image.ID != "" && image.ID == state.ImageID.ValueString() && image.PoolID == j.remembered.PoolID
	if !same {
		attribute := changes(state, j.plan, func(a attribute) bool { return isSource(a.name) })
		if len(attribute) == 0 {
			attribute = []string{"cluster"}
		}
		return blame(attribute[0], sourceRefused(&j.place, state, j.plan))
	}
	if former := sourceName(*j.found.live); !slices.Contains(j.remembered.FormerSources, former) {
		j.remembered.FormerSources = append(j.remembered.FormerSources, former)
	}
	return nil
}

// settleMonitors fills monitors that the plan left open with those of the cluster.
func (j *job) settleMonitors(ctx context.Context) error {
	if !j.plan.Monitors.IsUnknown() {
		return nil
	}
	if j.cluster == nil {
		return blame("monitors", needsCluster(fmt.Errorf("the disk has no cluster")))
	}
	monitors, err := j.cluster.Monitors(ctx)
	if err != nil {
		return blame("cluster", err)
	}
	j.plan.Monitors = monitorSet(clusterMonitors(monitors))
	return nil
}

func (j *job) target() string { return j.plan.TargetDev.ValueString() }

// attached tells whether the disk is in the domain, in a part of it at least.
func (j *job) attached() bool { return j.touched || j.found.mirrored() != nil }

// finish fills what the plan left open with what became of the disk. What the plan fixed stays as planned: were it different
// in truth, the next refresh tells.
func (j *job) finish(ctx context.Context, diags *diag.Diagnostics) {
	truth := *j.plan
	if err := j.read(ctx); err != nil {
		tfkit.AddWarning(diags, "RBD disk not read back", err)
		truth.RunningOn = types.StringValue(j.host.Label())
		truth.Live, truth.Persistent = types.BoolValue(j.domain.Active), types.BoolValue(j.domain.Persistent)
		truth.PendingRestart, truth.MonitorsStale = types.BoolValue(false), types.BoolValue(false)
		truth.Alias, truth.Address = types.StringNull(), types.ObjectNull(addressTypes)
	} else {
		truth.readComputed(j.place, j.found)
		truth.Address = fromAddress(j.found.mirrored().Address)
	}
	tfkit.Settle(&j.plan.Alias, truth.Alias)
	tfkit.Settle(&j.plan.RunningOn, truth.RunningOn)
	tfkit.Settle(&j.plan.ImageID, types.StringNull())
	tfkit.Settle(&j.plan.FSID, types.StringNull())
	tfkit.Settle(&j.plan.Live, truth.Live)
	tfkit.Settle(&j.plan.Persistent, truth.Persistent)
	tfkit.Settle(&j.plan.PendingRestart, truth.PendingRestart)
	tfkit.Settle(&j.plan.MonitorsStale, truth.MonitorsStale)
	if j.plan.Address.IsUnknown() {
		j.plan.Address = truth.Address
	}
	j.remembered.Domain, j.remembered.Target, j.remembered.Source = j.domain.UUID, j.target(), j.plan.source().String()
}

// saveTruth records what an update that failed half-way has changed, so that nothing is done twice or forgotten.
func (j *job) saveTruth(ctx context.Context, state *model, resp *resource.UpdateResponse) {
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), elsewhereLimit)
	defer cancel()
	domain, err := j.host.Domain(asking, j.domain.UUID)
	if err != nil {
		return
	}
	// Either name of the source may stand in either definition by now.
	found, before := find(domain, j.plan, j.remembered), find(domain, state, j.remembered)
	if found.saved == nil {
		found.saved = before.saved
	}
	if found.live == nil {
		found.live = before.live
	}
	if found.mirrored() == nil || state.readDisk(asking, place{host: j.host, domain: domain}, found, j.remembered) != nil {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}
