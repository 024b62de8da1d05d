package libvirtrbddisk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// verdict is the result of a comparison of the planned source with the present one.
type verdict int

const (
	sameSource verdict = iota // the same image, perhaps renamed
	otherSource
	undecidedSource // no image has the planned name yet: it may be the new name of the present one
)

// planSource plans image_id, and decides whether the plan names another image. For a running guest that is refused, unless on_source_change
// lets it replace the disk.
func (p *planning) planSource(ctx context.Context) error {
	plan, state := p.plan, p.state
	names := changes(state, plan, namesImage)
	unchanged := p.exists && len(names) == 0 && !p.different
	plan.ImageID = types.StringUnknown()
	if plan.FSID.IsNull() {
		plan.ImageID = types.StringNull()
	} else if unchanged && plan.FSID.Equal(state.FSID) {
		plan.ImageID = state.ImageID
	}
	if !p.exists || unchanged {
		return nil
	}
	found := otherSource
	if !p.different {
		var err error
		if found, err = compareSource(ctx, p.cluster, state, plan, p.record); err != nil {
			return problem.At(names[0], err)
		}
	}
	if found == sameSource {
		plan.ImageID = state.ImageID
		return nil
	}
	if plan.OnSourceChange.ValueString() == onSourceChangeLiveCopy {
		return p.planCopy(ctx, found)
	}
	if found == undecidedSource && plan.namesSource() && p.PlannedNewImage(plan.FSID.ValueString(), plan.source()) {
		found = otherSource
	}
	if found == undecidedSource || len(p.replaced) > 0 {
		return nil
	}
	p.different = true
	where, err := p.located(ctx)
	if err != nil || where == nil || !where.Domain.Active {
		if problem.Is(err, problem.NotFound) {
			err = nil
		}
		return err
	}
	if len(names) == 0 {
		names = []string{"cluster"}
	}
	if plan.OnSourceChange.ValueString() == onSourceChangeReplace {
		p.replaced = append(p.replaced, names...)
		return nil
	}
	return problem.At(names[0], where.RefuseSource(state.TargetDev.ValueString(), state.source().String(), plan.source().String()))
}

// compareSource compares the identity of the planned source with that of the present one.
func compareSource(ctx context.Context, cluster clusterEntry, state, plan *model, record diskRecord) (verdict, error) {
	named := plan.namesSource()
	if named && (state.FSID.IsNull() || plan.FSID.IsNull()) {
		return otherSource, nil
	}
	if !named || !cluster.Known || state.ImageID.IsNull() || state.ImageID.IsUnknown() {
		return undecidedSource, nil
	}
	image, err := cluster.Target.Image(ctx, plan.source())
	switch {
	case problem.Is(err, problem.NotFound):
		return undecidedSource, nil
	case err != nil:
		return undecidedSource, err
	case state.has(image, record) && plan.Namespace.Equal(state.Namespace):
		return sameSource, nil
	}
	return otherSource, nil
}

// checkExchanged refuses to detach a disk to which somebody has given another source, and to change its source.
func (p *planning) checkExchanged(ctx context.Context) error {
	if !p.exists {
		return nil
	}
	changed := changes(p.state, p.plan, ofSource)
	if p.different && len(changed) == 0 {
		changed = []string{"cluster"}
	}
	if len(changed)+len(p.replaced) == 0 {
		return nil
	}
	where, err := p.located(ctx)
	if p.former != nil {
		where, err = p.former, nil
	}
	if problem.Is(err, problem.NotFound) || err == nil && where == nil {
		return nil
	}
	if err != nil {
		return err
	}
	found := p.found(where)
	ours := p.state.ours(p.record)
	disk := ours.ExchangedIn(found)
	switch {
	case disk == nil, len(p.replaced) > 0 && disk.EmptyDrive():
		return nil
	case len(p.replaced) > 0:
		return where.Host.RefuseExchanged(where.Domain, ours, found, *disk, "can't be replaced, because of a change of "+p.replaced[0])
	}
	what := "can't be changed in its source: " + strings.Join(changed, ", ")
	return problem.At(changed[0], where.Host.RefuseExchanged(where.Domain, ours, found, *disk, what))
}

// check refuses what an apply would refuse, and warns of what the apply does to a running guest.
func (p *planning) check(ctx context.Context) error {
	plan, state := p.plan, p.state
	if err := plan.refuseWithoutCluster(); err != nil {
		return err
	}
	if !p.exists {
		return p.checkNew(ctx)
	}
	changed, resizes := changes(state, plan, nil), resized(state, plan)
	if len(changed) == 0 && !resizes && len(p.replaced) == 0 {
		return nil
	}
	if p.former != nil {
		p.warnBlockSizes(p.former)
		if err := p.checkHeld(ctx, p.former, resizes); err != nil {
			return err
		}
		if p.former.Domain.Active {
			return p.checkReplaced(p.former)
		}
		return nil
	}
	where, err := p.located(ctx)
	if problem.Is(err, problem.NotFound) || where == nil && err == nil {
		return nil
	}
	if err != nil {
		return err
	}
	return p.checkLocated(ctx, where, changed, resizes)
}

// refuseWithoutCluster refuses arguments that mean nothing for a disk without a cluster.
func (m *model) refuseWithoutCluster() error {
	if !m.FSID.IsNull() {
		return nil
	}
	refused := func(argument, setting, why string) error {
		return problem.At(argument, &problem.Problem{
			Kind: problem.Invalid, What: setting + " needs a cluster.", Why: why, Do: "Set cluster, or remove " + argument + ".",
		})
	}
	if !m.Size.IsNull() {
		return refused("size", "size",
			"Without it nobody can tell whether the image has this size, and QEMU would cut or grow the image to fit.")
	}
	if m.OnSourceChange.ValueString() == onSourceChangeLiveCopy {
		return refused("on_source_change", "on_source_change = \"live_copy\"",
			"Without it nobody can tell whether another image holds anything that the copy would destroy.")
	}
	return nil
}

// checkLocated is check for a disk that is there, and whose domain was found.
func (p *planning) checkLocated(ctx context.Context, where *libvirt.Placement, changed []string, resizes bool) error {
	plan, state := p.plan, p.state
	if !slices.Contains(p.replaced, "domain") && !slices.Contains(p.replaced, "hypervisor") { // or else another domain gets the disk
		if err := where.Host.RefuseUnfit(ctx, where.Domain, plan.disk()); err != nil {
			return err
		}
	}
	if err := p.planReattach(where); err != nil {
		return err
	}
	if err := p.checkHeld(ctx, where, resizes); err != nil {
		return err
	}
	p.warnBlockSizes(where)
	found := p.found(where)
	if len(p.replaced) == 0 {
		if err := where.Host.RefuseLosses(where.Domain, found, len(changed) > 0, restored(state, plan)); err != nil {
			return err
		}
	}
	if !where.Domain.Active {
		return nil
	}
	if len(p.replaced) > 0 {
		return p.checkReplaced(where)
	}
	if resizes && found.Live != nil && !state.ours(p.record).TellsSize(found) {
		tfkit.AddWarnings(p.diags, where.UntoldWarning(state.ours(p.record), *found.Live, plan.Size.ValueString()))
		resizes = false
	}
	if resizes && !plan.Size.IsUnknown() && state.Live.ValueBool() && p.copy == noCopy {
		if err := p.checkShrink(ctx, where); err != nil {
			return err
		}
	}
	return p.warnChanges(where, changed, resizes)
}

// restored tells whether a disk is planned to be in a definition again in which it is missing.
func restored(state, plan *model) bool {
	return !plan.Live.Equal(state.Live) || !plan.Persistent.Equal(state.Persistent)
}

// checkNew checks the domain of a new disk, if it is defined already.
func (p *planning) checkNew(ctx context.Context) error {
	if !p.host.Known || p.plan.Domain.IsUnknown() || p.plan.TargetDev.IsUnknown() {
		return nil
	}
	domain, err := p.host.Target.Domain(ctx, p.plan.Domain.ValueString())
	if problem.Is(err, problem.NotFound) {
		return nil // It may be defined in the same apply.
	}
	if err != nil {
		return problem.At("domain", err)
	}
	where := libvirt.Placement{Host: p.host.Target, Domain: domain}
	if err := where.Host.RefuseUnfit(ctx, where.Domain, p.plan.disk()); err != nil {
		return err
	}
	if p.record.Domain == domain.UUID {
		if err := where.RefuseLastInOrder(p.record.Target, p.plan.disk()); err != nil {
			return err
		}
	}
	if p.record.Domain == domain.UUID && p.record.Target == p.plan.TargetDev.ValueString() {
		// The plan of a replacement: the present disk is detached first.
		if err := planDetach(ctx, where, p.plan.ours(p.record).Find(domain), p.record.Target, p.diags); err != nil {
			return err
		}
	} else if err := p.warnRestored(ctx, where, "The restored guest doesn't have it: the first apply after the start attaches it"+
		" there."); err != nil {
		return err
	}
	if domain.OwnAt(p.plan.TargetDev.ValueString()).Live == nil || p.record.Domain == domain.UUID {
		if err := where.Host.RefusePlug(where.Domain, p.plan.disk()); err != nil {
			return err
		}
		tfkit.AddWarnings(p.diags, where.UnseenWarnings(p.plan.TargetDev.ValueString(), p.plan.Bus.ValueString())...)
	}
	if p.record.Domain == domain.UUID && p.record.Target == p.plan.TargetDev.ValueString() {
		return nil // The plan of a replacement: the target is free once the present disk is gone.
	}
	if err := p.claimNew(domain); err != nil {
		return err
	}
	return p.host.Target.RefuseTaken(domain, p.plan.disk(), domain.OwnAt(p.plan.TargetDev.ValueString()))
}

// checkShrink refuses a size below that of the guest's disk.
func (p *planning) checkShrink(ctx context.Context, where *libvirt.Placement) error {
	bytes, err := where.Host.DiskBytes(ctx, where.Domain.UUID, p.plan.TargetDev.ValueString())
	if err != nil || p.plan.Size.Bytes() >= bytes {
		return err
	}
	return problem.At("size", &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Disk %s of domain %q on hypervisor %q can't shrink from %s to %s while the domain runs.",
			p.plan.TargetDev.ValueString(), where.Domain.Name, where.Host.Label(), tfkit.FormatSize(bytes), p.plan.Size.ValueString()),
		Why: "The guest knows the larger size, and QEMU would cut the image off.",
		Do:  "Set size to that of the image, or leave it out. An image is made smaller by its own resource, while no guest uses it.",
	})
}

// warnChanges warns of what changes in the running guest at once, and what at its next start.
func (p *planning) warnChanges(where *libvirt.Placement, changed []string, resized bool) error {
	var atOnceNames, waiting []string
	for _, f := range libvirt.DiskFields {
		switch {
		case !slices.Contains(changed, f.Name):
		case p.again.detaches() && f.Effect != libvirt.AtOnce:
			// planReattach has told.
		case f.Effect == libvirt.AtOnce:
			atOnceNames = append(atOnceNames, f.Name)
		case f.Source && p.copy != noCopy: // they are those of the copy
		case where.Domain.Persistent || !namesImage(f):
			waiting = append(waiting, f.Name)
		}
	}
	if resized {
		atOnceNames = append(atOnceNames, "size")
	}
	target := p.plan.TargetDev.ValueString()
	if err := where.RefuseTransient(target, waiting, p.attachAgain(waiting)); err != nil {
		return err
	}
	if len(waiting)+len(atOnceNames) > 0 && p.state.Live.ValueBool() {
		tfkit.AddWarnings(p.diags, where.ChangeWarning(target, atOnceNames, waiting))
	}
	return nil
}

// attachAgain returns the advice for a refused change. Terraform's -replace plans the change in place first, so it is refused too. A
// tainted resource is planned as a new one, which finds its target taken if the present disk has no alias of ours.
func (p *planning) attachAgain(waiting []string) string {
	decided := func(f libvirt.DiskField) bool { return byOnChange(f) && slices.Contains(waiting, f.Name) }
	if p.plan.OnChange.ValueString() != onChangeReattach && slices.ContainsFunc(libvirt.DiskFields, decided) {
		return "set on_change = \"reattach\", which does it in the same apply. Or " + p.attachAnew()
	}
	return p.attachAnew()
}

// attachAnew returns the commands that make another disk of it.
func (p *planning) attachAnew() string {
	if p.state.Alias.IsNull() {
		return "terraform destroy -target=ADDRESS, then terraform apply."
	}
	return "terraform taint ADDRESS, then terraform apply. (-replace tries the change in place first, and is refused too.)"
}

// checkReplaced refuses to replace a disk that the running guest can't give up, and warns that it is detached, and another attached.
func (p *planning) checkReplaced(where *libvirt.Placement) error {
	if err := where.Host.RefuseUnplug(where.Domain, p.found(where)); err != nil {
		return problem.At(p.replaced[0], err)
	}
	if !p.state.Live.ValueBool() {
		return nil
	}
	reason := ", and a disk is attached anew, because of a change of: " + strings.Join(p.replaced, ", ")
	tfkit.AddWarnings(p.diags, where.DetachWarning(p.state.TargetDev.ValueString(), p.state.source().String(), reason))
	return nil
}

// checkHeld refuses a change of a disk that a job or a managed save image holds, and warns of a change that a restored guest won't have.
func (p *planning) checkHeld(ctx context.Context, where *libvirt.Placement, resized bool) error {
	if p.copy == underWay || p.copy == overIt {
		return nil // the copy itself holds the disk
	}
	err := where.Host.RefuseHeld(ctx, where.Domain, p.found(where), p.state.TargetDev.ValueString(), libvirt.Change{
		Detaches: len(p.replaced) > 0 || p.again.detaches() || p.copy == newCopy && p.different, Resizes: resized,
		Renames: renames(p.state, p.plan), Exchanges: p.different,
	})
	if problem.Is(err, problem.Refused) || len(p.replaced) > 0 {
		return refusalOnly(err)
	}
	return p.warnRestored(ctx, *where, "The restored guest has the disk as it was saved. It takes the change when it has been shut off, and"+
		" is started once more.")
}

// warnRestored warns that the next start restores the guest from its managed save image.
func (p *planning) warnRestored(ctx context.Context, where libvirt.Placement, consequence string) error {
	warnings, err := where.RestoredWarnings(ctx, p.plan.TargetDev.ValueString(), consequence)
	tfkit.AddWarnings(p.diags, warnings...)
	return refusalOnly(err)
}

// planRemoval refuses a removal that the apply would refuse, and warns that a running guest loses its disk.
func (r *diskResource) planRemoval(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.Connections == nil || req.State.Raw.IsNull() {
		return
	}
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	record := tfkit.GetPrivate[diskRecord](ctx, req.Private, recordKey, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	err := r.claim(&state, tfkit.Drops, &resp.Diagnostics)
	if err == nil {
		err = r.checkRemoval(ctx, &state, record, &resp.Diagnostics)
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, "Unable to plan the removal of RBD disk", err)
	}
}

func (r *diskResource) checkRemoval(ctx context.Context, state *model, record diskRecord, diags *diag.Diagnostics) error {
	entry, err := r.Hypervisors.ResolveEntry(ctx, state.Hypervisor, state.HostUUID, &diag.Diagnostics{})
	if err != nil {
		return nil //nolint:nilerr // The apply asks again, and fails then.
	}
	where, err := r.locate(ctx, entry.Target, state, record.SeenOn)
	if err != nil {
		return nil //nolint:nilerr // as above
	}
	found := state.ours(record).Find(where.Domain)
	if err := where.Host.RefuseForeign(where.Domain, state.ours(record), found); err != nil {
		return err
	}
	return planDetach(ctx, where, found, state.TargetDev.ValueString(), diags)
}

// planDetach refuses the detach of a disk that a job or a managed save image holds, or that the running guest can't give up, and warns of
// one from a running guest.
func planDetach(ctx context.Context, where libvirt.Placement, found libvirt.Disks, target string, diags *diag.Diagnostics) error {
	if found.SavedOrLive() == nil {
		return nil
	}
	if err := refusalOnly(where.Host.RefuseHeld(ctx, where.Domain, found, target, libvirt.Change{Detaches: true})); err != nil {
		return err
	}
	if err := where.Host.RefuseUnplug(where.Domain, found); err != nil {
		return err
	}
	if found.Live != nil && where.Domain.Live.HotPlug(found.Live.Bus) == libvirt.PlugsIn {
		tfkit.AddWarnings(diags, where.DetachWarning(target, found.Live.Source(), ""))
	}
	return nil
}
