package libvirtrbddisk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// verdict on a planned source.
type verdict int

const (
	sameSource verdict = iota // the same image, perhaps renamed
	otherSource
	undecidedSource // no image has the planned name yet: it may be the new name of the present one
)

// settleSource decides whether another image is asked for. A running guest's image is not exchanged, unless the disk may be
// replaced for it.
func (p *planning) settleSource(ctx context.Context) error {
	plan, state := p.plan, p.state
	if !p.exists {
		plan.ImageID = types.StringUnknown()
		if plan.FSID.IsNull() {
			plan.ImageID = types.StringNull()
		}
		return nil
	}
	names := changes(state, plan, namesImage)
	plan.ImageID = state.ImageID
	if len(names) == 0 && !p.different {
		if plan.FSID.IsNull() {
			plan.ImageID = types.StringNull()
		} else if !plan.FSID.Equal(state.FSID) {
			plan.ImageID = types.StringUnknown()
		}
		return nil
	}
	found := otherSource
	if !p.different {
		var err error
		if found, err = compareSource(ctx, p.cluster, state, plan, p.remembered); err != nil {
			return problem.At(names[0], err)
		}
	}
	if found == sameSource {
		return nil
	}
	plan.ImageID = types.StringUnknown()
	if plan.FSID.IsNull() {
		plan.ImageID = types.StringNull()
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
		for _, name := range names {
			p.replace(name)
		}
		return nil
	}
	return problem.At(names[0], sourceRefused(where, state, plan))
}

// compareSource compares the identity of a planned source with the present one.
func compareSource(ctx context.Context, cluster clusterHome, state, plan *model, remembered memory) (verdict, error) {
	if state.FSID.IsNull() || plan.FSID.IsNull() {
		if !plan.sourceKnown() {
			return undecidedSource, nil
		}
		return otherSource, nil
	}
	if !cluster.Known || !plan.sourceKnown() || state.ImageID.IsNull() || state.ImageID.IsUnknown() {
		return undecidedSource, nil
	}
	image, err := cluster.Target.Image(ctx, plan.source())
	switch {
	case problem.Is(err, problem.NotFound):
		return undecidedSource, nil
	case err != nil:
		return undecidedSource, err
	case image.ID == state.ImageID.ValueString() && image.PoolID == remembered.PoolID && plan.Namespace.Equal(state.Namespace):
		return sameSource, nil
	}
	return otherSource, nil
}

func sourceRefused(where *place, state, plan *model) error {
	replace := "et on_source_change = \"replace\": the disk is then detached from the running guest, and the other image attached."
	do := "Shut the domain off and apply again: then the source is changed in place. Or s" + replace
	if !where.Domain.Persistent {
		do = "S" + replace
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("The source of disk %s can't be changed from %s to %s while domain %q runs on hypervisor %q.",
			state.TargetDev.ValueString(), state.source(), plan.source(), where.Domain.Name, where.Host.Label()),
		Why: "It is another image, not a new name of the same one. libvirt can't exchange the image of a running guest's disk.",
		Do:  do,
	}
}

// checkGained compares the monitors of a disk that had no cluster with those of the one that it is to have.
func (p *planning) checkGained(ctx context.Context, cluster *ceph.Cluster) error {
	entries := monitorList(p.state.Monitors)
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Host
	}
	switch rbdusage.Of(p.monitors).Answer(ctx, entries) {
	case rbdusage.No:
		return &problem.Problem{
			Kind: problem.WrongIdentity,
			What: fmt.Sprintf("The disk's monitors (%s) are none of cluster %q.", strings.Join(names, ", "), cluster.Label()),
			Why:  "The disk's image is on another cluster, so what would be checked there is not what the guest reads.",
			Do:   "Set cluster to the label of the cluster that these monitors belong to, or set monitors as well.",
		}
	case rbdusage.Unknown:
		what := "It names no monitors, so QEMU takes those of the ceph.conf of the hypervisor, or of config_file."
		if len(names) > 0 {
			what = fmt.Sprintf("It names its monitors by names (%s) that don't lead to this cluster from here.", strings.Join(names, ", "))
		}
		p.diags.AddAttributeWarning(path.Root("cluster"), "Cluster of the disk not verified", fmt.Sprintf(
			"It can't be told from here whether disk %s of domain %q is on cluster %q. %s The configuration is believed.",
			p.state.TargetDev.ValueString(), p.state.Domain.ValueString(), cluster.Label(), what))
	case rbdusage.Yes:
	}
	return nil
}

// checkExchanged refuses a plan that would have to write the source of a disk which somebody has given another, or to detach it.
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
	if p.left != nil {
		where, err = p.left, nil
	}
	if problem.Is(err, problem.NotFound) || err == nil && where == nil {
		return nil
	}
	if err != nil {
		return err
	}
	found := p.found(where)
	ours := p.state.ours(p.remembered)
	disk := ours.ExchangedIn(found)
	switch {
	case disk == nil, len(p.replaced) > 0 && disk.EmptyDrive():
		return nil
	case len(p.replaced) > 0:
		return where.Host.RefuseExchanged(where.Domain, ours, found, *disk, "can't be replaced, because of a change of "+p.replaced[0].String())
	}
	what := "can't be changed in its source: " + strings.Join(changed, ", ")
	return problem.At(changed[0], where.Host.RefuseExchanged(where.Domain, ours, found, *disk, what))
}

// check refuses at plan time what an apply would refuse, and tells what waits, what happens at once, and what detaches.
func (p *planning) check(ctx context.Context) error {
	plan, state := p.plan, p.state
	if !plan.Size.IsNull() && plan.FSID.IsNull() {
		return problem.At("size", &problem.Problem{
			Kind: problem.Invalid,
			What: "size needs a cluster.",
			Why:  "Without it nobody can tell whether the image has this size, and QEMU would cut or grow the image to fit.",
			Do:   "Set cluster, or remove size.",
		})
	}
	if !p.exists {
		return p.checkNew(ctx)
	}
	changed := changes(state, plan, nil)
	resized := !plan.Size.IsNull() && plan.Size.Bytes() != state.Size.Bytes()
	if len(changed) == 0 && !resized && len(p.replaced) == 0 {
		return nil
	}
	if p.left != nil {
		if err := p.checkHeld(ctx, p.left, resized); err != nil {
			return err
		}
		if p.left.Domain.Active {
			p.warnReplaced(p.left)
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
	if err := where.Host.RefuseUnfit(ctx, where.Domain, plan.disk()); err != nil {
		return err
	}
	if err := p.checkHeld(ctx, where, resized); err != nil {
		return err
	}
	found := p.found(where)
	if len(p.replaced) == 0 {
		restored := !plan.Live.Equal(state.Live) || !plan.Persistent.Equal(state.Persistent)
		if err := where.Host.RefuseLosses(where.Domain, found, len(changed) > 0, restored); err != nil {
			return err
		}
	}
	if !where.Domain.Active {
		return nil
	}
	if len(p.replaced) > 0 {
		p.warnReplaced(where)
		return nil
	}
	if resized && found.Live != nil && !state.ours(p.remembered).TellsSize(found) {
		p.warnUntold(where, found)
		resized = false
	}
	if resized && !plan.Size.IsUnknown() && state.Live.ValueBool() {
		if err := p.checkShrink(ctx, where); err != nil {
			return err
		}
	}
	return p.tell(where, changed, resized)
}

// checkNew looks at the domain that a new disk is for, if it is there already.
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
	where := place{Host: p.host.Target, Domain: domain}
	if err := where.Host.RefuseUnfit(ctx, where.Domain, p.plan.disk()); err != nil {
		return err
	}
	if p.remembered.Domain == domain.UUID && p.remembered.Target == p.plan.TargetDev.ValueString() {
		// The plan of a replacement: the present disk is detached first.
		if err := planDetach(ctx, where, p.plan.ours(p.remembered).Find(domain), p.remembered.Target, p.diags); err != nil {
			return err
		}
	} else if err := p.warnRestored(ctx, &where, "The restored guest doesn't have it: the first apply after the start attaches it there."); err != nil {
		return err
	}
	if domain.OwnAt(p.plan.TargetDev.ValueString()).Live == nil || p.remembered.Domain == domain.UUID {
		if err := where.Host.RefusePlug(where.Domain, p.plan.Bus.ValueString()); err != nil {
			return err
		}
		p.warnUnseen(where)
	}
	if p.remembered.Domain == domain.UUID && p.remembered.Target == p.plan.TargetDev.ValueString() {
		return nil // The plan of a replacement: the target is free once the present disk is gone.
	}
	if err := p.claimNew(domain); err != nil {
		return err
	}
	return p.host.Target.RefuseTaken(domain, p.plan.disk(), domain.OwnAt(p.plan.TargetDev.ValueString()))
}

// checkShrink refuses a size below the one that the guest knows.
func (p *planning) checkShrink(ctx context.Context, where *place) error {
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

// tell warns of what an apply does to the running guest. The summary names the disk: Terraform shows only one of several
// warnings with the same summary.
func (p *planning) tell(where *place, changed []string, resized bool) error {
	var atOnceNames, waiting []string
	for _, f := range libvirt.DiskFields {
		switch {
		case !slices.Contains(changed, f.Name):
		case f.Effect == libvirt.AtOnce:
			atOnceNames = append(atOnceNames, f.Name)
		case where.Domain.Persistent || !namesImage(f):
			waiting = append(waiting, f.Name)
		}
	}
	if resized {
		atOnceNames = append(atOnceNames, "size")
	}
	if len(waiting) > 0 && !where.Domain.Persistent {
		return problem.At(waiting[0], &problem.Problem{
			Kind: problem.Unsupported,
			What: fmt.Sprintf("Disk %s of domain %q on hypervisor %q can't be changed in place: %s.",
				p.plan.TargetDev.ValueString(), where.Domain.Name, where.Host.Label(), strings.Join(waiting, ", ")),
			Why: "The domain is transient. It has no saved definition for a next start, and QEMU takes these only when it opens the disk.",
			Do:  "Take the change back; or have the disk detached from the guest and attached again: " + p.attachAgain(),
		})
	}
	if len(waiting)+len(atOnceNames) == 0 || !p.state.Live.ValueBool() {
		return nil
	}
	text := fmt.Sprintf("Domain %q runs on hypervisor %q with disk %s.", where.Domain.Name, where.Host.Label(), p.plan.TargetDev.ValueString())
	if len(atOnceNames) > 0 {
		text += "\n\nChanged at once, in the running guest: " + strings.Join(atOnceNames, ", ") + "."
	}
	if len(waiting) > 0 {
		text += "\n\nChanged in the saved definition, and in the guest when the domain is next started (a reboot inside the guest is not enough): " +
			strings.Join(waiting, ", ") + "."
	}
	p.diags.AddWarning(fmt.Sprintf("Change of disk %s of the running domain %q", p.plan.TargetDev.ValueString(), where.Domain.Name), text)
	return nil
}

// attachAgain tells how to get past a refused change. Terraform's -replace plans the change in place first, so it is refused as
// well; a tainted resource is planned as a new one, which finds the target taken where the present disk isn't known to be ours.
func (p *planning) attachAgain() string {
	if p.state.Alias.IsNull() {
		return "terraform destroy -target=ADDRESS, then terraform apply."
	}
	return "terraform taint ADDRESS, then terraform apply. (-replace tries the change in place first, and is refused too.)"
}

// warnReplaced warns that a running guest loses the disk for a moment.
func (p *planning) warnReplaced(where *place) {
	if !p.state.Live.ValueBool() {
		return
	}
	names := make([]string, len(p.replaced))
	for i, at := range p.replaced {
		names[i] = at.String()
	}
	warnDetached(p.diags, *where, p.state.TargetDev.ValueString(), p.state.source().String(),
		", and a disk is attached anew, because of a change of: "+strings.Join(names, ", "))
}

// warnUntold warns that a running guest isn't told of a growth of its image.
func (p *planning) warnUntold(where *place, found libvirt.Disks) {
	why := "Its disk reads " + found.Live.DescribeSource() + ", which has a size of its own, and doesn't follow the image's."
	if p.state.ours(p.remembered).Knows(*found.Live) {
		why = "Its disk shows a part of the image, as the content of an encrypted one, or has a format of its own. libvirt can't be told its size" +
			" for certain: QEMU would grow the image again, or cut it.\n\nA guest with an encrypted disk sees the growth when the domain is next started" +
			" (a reboot inside the guest is not enough)."
	}
	p.diags.AddWarning(fmt.Sprintf("Size of disk %s not told to the running domain %q", p.plan.TargetDev.ValueString(), where.Domain.Name), fmt.Sprintf(
		"The size is recorded as %s, and domain %q on hypervisor %q isn't told. %s", p.plan.Size.ValueString(), where.Domain.Name, where.Host.Label(), why))
}

// warnUnseen tells of a disk that a running guest may not notice.
func (p *planning) warnUnseen(where place) {
	target := p.plan.TargetDev.ValueString()
	if where.Domain.Live.HotPlug(p.plan.Bus.ValueString()) != libvirt.PlugsUnseen {
		return
	}
	p.diags.AddWarning(fmt.Sprintf("The guest of domain %q may not notice disk %s", where.Domain.Name, target), fmt.Sprintf(
		"Domain %q, which runs on hypervisor %q, has no <acpi/> in <features>. libvirt attaches the disk, but many guests notice neither its coming nor its going"+
			" without ACPI: it may be there only when the domain was shut off and started again, and a detach may wait in vain until then. To be sure, shut the"+
			" domain off, apply, and start it.", where.Domain.Name, where.Host.Label()))
}

// checkHeld refuses at plan time what an apply would refuse, and tells what a guest that is to be restored won't know of.
func (p *planning) checkHeld(ctx context.Context, where *place, resized bool) error {
	err := where.Host.RefuseHeld(ctx, where.Domain, p.found(where), p.state.TargetDev.ValueString(), libvirt.Change{
		Detaches: len(p.replaced) > 0, Resizes: resized, Renames: renames(p.state, p.plan), Exchanges: p.different,
	})
	if problem.Is(err, problem.Refused) || len(p.replaced) > 0 {
		return refusalOnly(err)
	}
	return p.warnRestored(ctx, where, "The restored guest has the disk as it was saved. It takes the change when it has been shut off, and is started once more.")
}

// warnRestored tells that the next start of the domain brings back a guest that doesn't know of a change.
func (p *planning) warnRestored(ctx context.Context, where *place, consequence string) error {
	if where.Domain.Active {
		return nil
	}
	restored, err := where.Host.ManagedSave(ctx, where.Domain.UUID)
	if err != nil || restored == nil {
		return refusalOnly(err)
	}
	target, name := p.plan.TargetDev.ValueString(), where.Domain.Name
	p.diags.AddWarning(fmt.Sprintf("Disk %s isn't so in the managed save image of domain %q", target, name), fmt.Sprintf(
		"Domain %q is shut off on hypervisor %q, and the next start restores its guest from a managed save image. Disk %s is changed in the saved definition"+
			" alone. %s", name, where.Host.Label(), target, consequence))
	return nil
}

// planRemoval refuses at plan time a removal that the apply would refuse, and tells that a running guest is to lose its disk. What can't
// be asked now is asked by the apply.
func (r *diskResource) planRemoval(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.Connections == nil || req.State.Raw.IsNull() {
		return
	}
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	remembered := recall(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	home, err := r.Hypervisors.ResolveHome(ctx, state.Hypervisor, state.HostUUID, &diag.Diagnostics{})
	if err != nil {
		return
	}
	where, err := r.locate(ctx, home.Target, &state)
	if err != nil {
		return
	}
	found := state.ours(remembered).Find(where.Domain)
	if err := where.Host.RefuseForeign(where.Domain, state.ours(remembered), found); err != nil {
		tfkit.AddError(&resp.Diagnostics, "Unable to plan the removal of RBD disk", err)
		return
	}
	if err := planDetach(ctx, where, found, state.TargetDev.ValueString(), &resp.Diagnostics); err != nil {
		tfkit.AddError(&resp.Diagnostics, "Unable to plan the removal of RBD disk", err)
	}
}

// planDetach refuses the detach of a disk that something holds, and warns of one from a running guest.
func planDetach(ctx context.Context, where place, found libvirt.Disks, target string, diags *diag.Diagnostics) error {
	if found.Mirrored() == nil {
		return nil
	}
	if err := refusalOnly(where.Host.RefuseHeld(ctx, where.Domain, found, target, libvirt.Change{Detaches: true})); err != nil {
		return err
	}
	if found.Live != nil && where.Domain.Live.HotPlug(found.Live.Bus) == libvirt.PlugsIn {
		warnDetached(diags, where, target, found.Live.Source(), "")
	}
	return nil
}

// warnDetached tells that a running guest loses a disk, and what that does to it. The summary names the disk: Terraform shows only one
// of several warnings with the same summary.
func warnDetached(diags *diag.Diagnostics, where place, target, source, reason string) {
	diags.AddWarning(fmt.Sprintf("Disk %s of the running domain %q will be detached", target, where.Domain.Name), fmt.Sprintf(
		"Disk %s (%s) is detached from domain %q, which runs on hypervisor %q%s. A guest such as Linux lets go of a virtio disk at once, also while a file system"+
			" on it is mounted: its reads and writes fail from then on, and what it had not written yet is lost. Unmount it in the guest first.",
		target, source, where.Domain.Name, where.Host.Label(), reason))
}

// pendingDetach tells, as long as it can be, that the guest was asked to give the disk up and has not answered: it may do so at any
// moment, whatever was applied since. The request ends with the running domain, or with the disk.
func pendingDetach(where place, found libvirt.Disks, remembered *memory, diags *diag.Diagnostics) {
	if remembered.DetachAsked == 0 {
		return
	}
	if found.Live == nil || runningNumber(where.Domain) != remembered.DetachAsked {
		remembered.DetachAsked = 0
		return
	}
	target, name := found.Live.Target, where.Domain.Name
	diags.AddWarning(fmt.Sprintf("The guest of domain %q may still give up disk %s", name, target), fmt.Sprintf(
		"An earlier apply asked the guest on hypervisor %q to let go of disk %s, and ended before it did. Such a request can't be taken back: the guest may follow it"+
			" at any moment, for example when it is resumed or has booted.\n\nUnmount the disk in the guest, let the guest run (virsh resume %s) and apply again: once"+
			" it has given the disk up, the apply attaches it anew. Or shut the domain off and start it again, which ends the request.",
		where.Host.Label(), target, name))
}

// runningNumber is the number of a running domain (virsh domid), another one after each start; 0 for one that is shut off.
func runningNumber(domain libvirt.Domain) int {
	if domain.Live == nil {
		return 0
	}
	return domain.Live.ID
}
