package libvirtrbddisk

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// Values of on_change. Null is onChangeNextBoot.
const (
	onChangeNextBoot = "next_boot"
	onChangeReattach = "reattach"
)

func onChangeAttribute() schema.StringAttribute {
	var names []string
	for _, f := range libvirt.DiskFields {
		if byOnChange(f) {
			names = append(names, "`"+f.Name+"`")
		}
	}
	slices.Sort(names)
	return schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "When a running guest gets a change of " + strings.Join(names, ", ") + ". `next_boot` changes the saved definition" +
			" and leaves the running guest alone. `reattach` takes the disk from the running guest and attaches it again with the new settings, in" +
			" the same apply; the plan warns of it. Unset is `next_boot`. Changing it touches nothing. Neither Ceph nor libvirt stores it, so it" +
			" is null after import.",
		Validators: []validator.String{stringvalidator.OneOf(onChangeNextBoot, onChangeReattach)},
	}
}

// reattachment is what on_change makes of a change of a running guest's disk.
type reattachment struct {
	// because are the arguments in which the running guest's disk differs from the planned one; none where the disk stays in the guest.
	because []string
	// hindrance tells why the disk stays nevertheless, so that the change waits for the next start; empty where nothing is in the way.
	hindrance string
}

// detaches tells whether the disk is taken from the guest and attached again.
func (r reattachment) detaches() bool { return len(r.because) > 0 && r.hindrance == "" }

// byOnChange tells whether on_change decides when a running guest gets a change of a field.
func byOnChange(f libvirt.DiskField) bool { return f.Effect == libvirt.AtNextStart }

// reattachmentOf decides whether a change from the state to the plan takes the disk from the running guest. A change is needed for that, of
// whatever on_change decides; the disk that is then attached is the planned one, with what an earlier change left for the next start.
func reattachmentOf(state, plan *model, record diskRecord, domain libvirt.Domain) reattachment {
	ours := state.ours(record)
	found := ours.Find(domain)
	changed := changes(state, plan, byOnChange)
	if plan.OnChange.ValueString() != onChangeReattach || found.Live == nil || len(changed) == 0 {
		return reattachment{}
	}
	asked := plan.onto(*found.Live, plan.ours(record).ComparableFields(found.Live))
	differs := libvirt.DiffDisks(*found.Live, asked, func(f libvirt.DiskField) bool {
		// The running domain and the saved definition may have the disk at different places, if nobody has asked for one.
		return byOnChange(f) && (f.Name != "address" || slices.Contains(changed, f.Name))
	})
	for _, name := range changed {
		if partlyUnknown(plan.argument(name)) && !slices.Contains(differs, name) {
			differs = append(differs, name)
		}
	}
	r := reattachment{because: differs}
	if len(differs) > 0 {
		r.hindrance = domain.HindersReattach(ours, found)
	}
	return r
}

// planReattach refuses what would leave the disk detached, and warns that the guest loses it for a moment, or why it doesn't.
func (p *planning) planReattach(where *libvirt.Placement) error {
	if len(p.replaced) > 0 {
		return nil
	}
	target := p.plan.TargetDev.ValueString()
	r := reattachmentOf(p.state, p.plan, p.record, where.Domain)
	if r.hindrance != "" {
		if !where.Domain.Persistent {
			return problem.At("on_change", where.Hindered(target, r.because, r.hindrance))
		}
		tfkit.AddWarnings(p.diags, where.HinderedWarning(target, r.hindrance))
	}
	if p.again = r; !r.detaches() {
		return nil
	}
	live, chosen := *p.found(where).Live, !p.config.Address.IsNull() && !partlyUnknown(p.plan.Address)
	if err := where.Host.RefuseReattach(where.Domain, live, p.plan.onto(live, nil), chosen); err != nil {
		return err
	}
	tfkit.AddWarnings(p.diags, where.ReattachWarning(target, live.Source(), r.because))
	tfkit.AddWarnings(p.diags, where.UnseenWarnings(target, live.Bus)...)
	if p.state.Alias.IsNull() {
		p.plan.Alias = types.StringUnknown() // It gets one of ours.
	}
	return nil
}

// reattach takes the disk from the running guest and attaches it again as the plan asks for it. The saved definition follows after it:
// while the guest has not let go, nothing is changed anywhere.
func (j *job) reattach(ctx context.Context, diags *diag.Diagnostics) error {
	if !j.again.detaches() || j.found.Live == nil {
		return nil
	}
	wanted, err := j.missingDisk(ctx, libvirt.OwnAlias(j.Domain.UUID, j.target()))
	if err == nil {
		err = j.Host.RefuseReattach(j.Domain, *j.found.Live, wanted, j.fixedAddress)
	}
	if err == nil {
		err = j.probe(ctx, wanted)
	}
	if err == nil {
		err = j.refuseOpened(ctx, 1) // Again: somebody may have opened it during the probe.
	}
	if err != nil {
		return err
	}
	step, err := j.Host.ReattachDisk(ctx, j.Domain, libvirt.Reattach{
		Live: *j.found.Live, Wanted: wanted, Managed: j.plan.ours(j.record), Chosen: j.fixedAddress,
		DetachLimit: j.detachLimit(ctx), Released: func(ctx context.Context) error { return j.refuseOpened(ctx, 0) },
	})
	switch step {
	case libvirt.ReattachNotBegun, libvirt.ReattachRefused:
		return err
	case libvirt.ReattachAsked:
		j.record.DetachAsked = j.Domain.RunningNumber()
	case libvirt.ReattachDetached, libvirt.ReattachPutBack, libvirt.ReattachDone:
		j.record.DetachAsked = 0
	}
	j.touched = true
	if err == nil {
		err = j.lookAgain(ctx, wanted, libvirt.Live, diags)
		j.touched = true
	}
	if err != nil {
		return j.access().Explain(ctx, err)
	}
	return j.findAgain(ctx)
}

// detachLimit is how long a running guest gets to let go of a disk that is attached again: as for a deletion without timeouts, unless
// timeouts.update says otherwise.
func (j *job) detachLimit(ctx context.Context) time.Duration {
	limit, _ := j.plan.Timeouts.Update(ctx, detachTimeout) // StartChange has told what is wrong with it
	return limit
}
