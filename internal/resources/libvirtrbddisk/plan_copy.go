package libvirtrbddisk

import (
	"context"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// planCopy plans another image for a disk whose content is copied. found tells whether it is another one for certain.
func (p *planning) planCopy(ctx context.Context, found verdict) error {
	plan, state := p.plan, p.state
	if found == undecidedSource {
		p.copy = newCopy
		return nil
	}
	if len(p.replaced) > 0 {
		return problem.At("on_source_change", &problem.Problem{
			Kind: problem.Refused,
			What: "The content of disk " + state.TargetDev.ValueString() + " can't be copied to another image by a change that replaces the disk.",
			Why: "A change of " + p.replaced[0] + " detaches the disk and attaches one anew, so that there is nothing that a copy could keep up" +
				" with.",
			Do: "Change the image in one apply, and " + p.replaced[0] + " in another.",
		})
	}
	p.different = true
	where, err := p.located(ctx)
	if problem.Is(err, problem.NotFound) || err == nil && where == nil {
		return nil
	}
	if err != nil {
		return err
	}
	access := rbdusage.Access{Host: where.Host, Cluster: p.cluster.Target, Disk: plan.disk()}
	disks := p.found(where)
	if !p.cluster.Known {
		p.copy = newCopy
	} else if p.copy, err = copyAt(ctx, access, disks.Live, p.record.FormerSources); err != nil {
		return problem.At("cluster", err)
	}
	if p.copy != newCopy {
		return nil
	}
	if err := where.RefuseCopy(state.TargetDev.ValueString(), disks); err != nil {
		return err
	}
	from, ok := copySource(state, p.record)
	if !ok {
		return identityUnknown(state)
	}
	if !plan.Size.IsNull() && !plan.Size.IsUnknown() && !state.Size.IsNull() && plan.Size.Bytes() != state.Size.Bytes() {
		return problem.At("size", &problem.Problem{
			Kind: problem.Refused,
			What: "The content of disk " + state.TargetDev.ValueString() + " can't be copied to an image of another size.",
			Why:  "QEMU copies only to an image of exactly the same size.",
			Do:   "Change the image in one apply, and its size in another.",
		})
	}
	if !p.cluster.Known || !plan.namesSource() {
		return nil
	}
	asking, cancel := breaker.Optional(ctx, verifyLimit)
	defer cancel()
	image, err := p.cluster.Target.Image(asking, plan.source())
	if err == nil {
		var bytes uint64
		if bytes, err = where.Host.DiskBytes(asking, where.Domain.UUID, state.TargetDev.ValueString()); err == nil {
			err = access.RefuseCopyTarget(asking, image, from, bytes)
		}
	}
	return refusalOnly(err) // It may be made in the same apply, which looks again.
}

// warnCopy warns of the copy of a running guest's disk.
func (p *planning) warnCopy(ctx context.Context) error {
	if p.exists && p.record.GoneOver && len(p.replaced) == 0 {
		p.diags.AddWarning("Disk was copied by hand", fmt.Sprintf("The guest has gone over to image %s, and Terraform didn't do it. The image"+
			" still has the mark of an unfinished copy. The apply takes the mark away.", sourceInWords(p.state)))
	}
	where, err := p.located(ctx)
	if p.copy == noCopy || p.copy == overIt || err != nil || where == nil || !where.Domain.Active {
		return err
	}
	unless := ""
	if !p.different {
		unless = " (unless that is a new name of the same image)"
	}
	tfkit.AddWarnings(p.diags, where.CopyWarning(p.state.TargetDev.ValueString(), sourceInWords(p.state),
		sourceInWords(p.plan), p.copy == underWay, unless))
	return nil
}

// sourceInWords names the image of a model and its cluster: images of two clusters often have one name.
func sourceInWords(m *model) string {
	if m.Cluster.IsNull() || m.Cluster.IsUnknown() {
		return m.source().String()
	}
	return fmt.Sprintf("%s on cluster %q", m.source(), m.Cluster.ValueString())
}
