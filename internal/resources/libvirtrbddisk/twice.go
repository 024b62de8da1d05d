package libvirtrbddisk

import (
	"context"
	"fmt"

	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
)

// monitorPlaces are where the monitors of the planned disk listen: those of its cluster, and those that the plan names.
func (j *job) monitorPlaces(ctx context.Context) (rbdusage.Monitors, error) {
	places := rbdusage.Named(ctx, asNamed(monitorList(j.plan.Monitors)))
	if j.cluster == nil {
		return places, nil
	}
	monitors, err := j.cluster.Monitors(ctx)
	if err != nil {
		return nil, blame("cluster", err)
	}
	return places.With(rbdusage.Of(monitors)), nil
}

// refuseTwice refuses an image that the domain already names in another place: at another target, or as the base of an overlay.
// Images of two clusters may have one name, so the monitors count too; where they don't tell, the image is taken to be the same.
func (j *job) refuseTwice(ctx context.Context) error {
	if !writesAlone(j.plan) {
		return nil
	}
	uses, err := j.host.DomainImageUses(ctx, j.domain.UUID)
	if err != nil {
		return blame("domain", err)
	}
	var places rbdusage.Monitors
	for _, use := range uses {
		if use.Image != j.plan.source().String() || j.found.at(use.Target) {
			continue
		}
		if places == nil {
			if places, err = j.monitorPlaces(ctx); err != nil {
				return err
			}
		}
		if answer := places.Answer(ctx, use.Monitors); answer != rbdusage.No {
			return blame("image", j.namedTwice(use, answer))
		}
	}
	return nil
}

// at tells whether the disk that was found has this target.
func (d disks) at(target string) bool {
	for _, own := range []*libvirtxml.DomainDisk{d.saved, d.live} {
		if own != nil && own.Target != nil && own.Target.Dev == target {
			return true
		}
	}
	return false
}

func (j *job) namedTwice(use libvirt.ImageUse, answer rbdusage.Answer) error {
	p := &problem.Problem{
		Kind: problem.Exists,
		What: fmt.Sprintf("Domain %q on hypervisor %q already names image %s: %s.", j.domain.Name, j.host.Label(), j.plan.source(), use.Where()),
		Why:  "What is written through a disk of its own destroys what hangs on the image there.",
		Do:   "Name another image.",
	}
	saved, live := libvirt.DiskByTarget(j.domain.Saved, use.Target), libvirt.DiskByTarget(j.domain.Live, use.Target)
	if use.Place == "" && (saved != nil || live != nil) {
		p.What = fmt.Sprintf("Domain %q on hypervisor %q already has image %s, as disk %s.",
			j.domain.Name, j.host.Label(), j.plan.source(), use.Target)
		p.Why = "One guest that writes an image through two disks destroys its content."
		p.Do = fmt.Sprintf("Name another image. To manage the disk that is there, set target_dev = %q and import it:"+
			" terraform import ADDRESS %s/%s/%s.",
			use.Target, j.host.Label(), j.plan.Domain.ValueString(), use.Target)
	}
	if answer == rbdusage.Unknown {
		p.Why += " It can't be told from here on which cluster that one is: it names no monitors, or not by address."
		p.Do += " If it is another cluster's, let it name that cluster's monitors by address (virsh edit)."
	}
	return p
}
