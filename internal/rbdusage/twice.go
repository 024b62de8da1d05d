package rbdusage

import (
	"context"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Monitors are where the monitors of the disk listen: those of its cluster, and those that it names.
func (a Access) Monitors(ctx context.Context) (Monitors, error) {
	places := Named(ctx, a.Disk.Monitors)
	if a.Cluster == nil {
		return places, nil
	}
	monitors, err := a.Cluster.Monitors(ctx)
	if err != nil {
		return nil, problem.At("cluster", err)
	}
	return places.With(Of(monitors)), nil
}

// RefuseTwice refuses an image that the domain already names in another place than the disk that was found: at another target, or as the
// base of an overlay. Images of two clusters may have one name, so the monitors count too; where they don't tell, the image is taken to
// be the same.
func (a Access) RefuseTwice(ctx context.Context, domain libvirt.Domain, found libvirt.Disks) error {
	uses, err := a.Host.DomainImageUses(ctx, domain.UUID)
	if err != nil {
		return problem.At("domain", err)
	}
	var places Monitors
	for _, use := range uses {
		if use.Image != a.Disk.Source() || found.At(use.Target) {
			continue
		}
		if places == nil {
			if places, err = a.Monitors(ctx); err != nil {
				return err
			}
		}
		if answer := places.Answer(ctx, use.Monitors); answer != No {
			return problem.At("image", a.namedTwice(domain, use, answer))
		}
	}
	return nil
}

func (a Access) namedTwice(domain libvirt.Domain, use libvirt.ImageUse, answer Answer) error {
	p := &problem.Problem{
		Kind: problem.Exists,
		What: fmt.Sprintf("Domain %q on hypervisor %q already names image %s: %s.", domain.Name, a.Host.Label(), a.image(), use.Where()),
		Why:  "What is written through a disk of its own destroys what hangs on the image there.",
		Do:   "Name another image.",
	}
	there := libvirt.Disks{Saved: domain.Saved.DiskByTarget(use.Target), Live: domain.Live.DiskByTarget(use.Target)}
	if use.Place == "" && there.Mirrored() != nil {
		p.What = fmt.Sprintf("Domain %q on hypervisor %q already has image %s, as disk %s.", domain.Name, a.Host.Label(), a.image(), use.Target)
		p.Why = "One guest that writes an image through two disks destroys its content."
		p.Do = fmt.Sprintf("Name another image. To manage the disk that is there, set target_dev = %q and import it: terraform import ADDRESS %s/%s/%s.",
			use.Target, a.Host.Label(), domain.Name, use.Target)
	}
	if answer == Unknown {
		p.Why += " It can't be told from here on which cluster that one is: it names no monitors, or not by address."
		p.Do += " If it is another cluster's, let it name that cluster's monitors by address (virsh edit)."
	}
	return p
}
