package rbdusage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
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
		p.Do = fmt.Sprintf("Name another image. To manage the disk that is there, set target_dev = %q and import it: terraform import ADDRESS"+
			" %s/%s/%s.",
			use.Target, a.Host.Label(), domain.Name, use.Target)
	}
	if answer == Unknown {
		p.Why += " It can't be told from here on which cluster that one is: it names no monitors, or not by address."
		p.Do += " If it is another cluster's, let it name that cluster's monitors by address (virsh edit)."
	}
	return p
}

// OpenElsewhereAdvice is what to do about an image that a second guest would write.
const OpenElsewhereAdvice = "Detach it there first. Where several guests are meant to share the image, with a file system made for that," +
	" set shareable = true on all of them; a guest that only reads takes read_only = true."

// RefuseOpened refuses an image that anybody has open more often than so many times, after a wait for watchers that only linger.
//
// Similar to: rbd status IMAGE.
func (a Access) RefuseOpened(ctx context.Context, own int) error {
	return problem.At("image", a.Cluster.AwaitRelease(ctx, a.image(), func() (held, err error) {
		watchers, err := a.Cluster.Watchers(ctx, a.image())
		if err != nil || len(watchers) <= own {
			return nil, err
		}
		return &problem.Problem{
			Kind: problem.Busy,
			What: fmt.Sprintf("Image %s on cluster %q is open elsewhere: %s.", a.image(), a.Cluster.Label(), ceph.DescribeWatchers(watchers)),
			Why:  "Two guests that write one image destroy its content. The disk was not attached, and no guest was touched.",
			Do:   OpenElsewhereAdvice,
		}, nil
	}))
}

// OpenedMeanwhile tells that another client opened the image while it was attached to a domain, and what became of the disk: it was
// taken back, unless kept says why not.
func (a Access) OpenedMeanwhile(domain libvirt.Domain, watchers []ceph.Watcher, kept error) error {
	p := &problem.Problem{
		Kind: problem.Busy,
		What: fmt.Sprintf("Image %s on cluster %q is open elsewhere: another client opened it in the moment of the attach.",
			a.image(), a.Cluster.Label()),
		Why: fmt.Sprintf("Two guests that write one image destroy its content. Disk %s was taken from domain %q again. Open it had: %s.",
			a.Disk.Target, domain.Name, ceph.DescribeWatchers(watchers)),
		Do: OpenElsewhereAdvice,
	}
	if kept != nil {
		p.Why = fmt.Sprintf("Two guests that write one image destroy its content. Disk %s could not be taken from domain %q again: it is still"+
			" attached. Open it have: %s.", a.Disk.Target, domain.Name, ceph.DescribeWatchers(watchers))
		p.Do = fmt.Sprintf("Stop one of the two at once, for example with virsh suspend %s on hypervisor %q; then detach one of the disks.",
			domain.Name, a.Host.Label())
		p.Raw = kept.Error()
	}
	return problem.At("image", p)
}

// NamedElsewhere warns of other domains whose definitions name the image: one that is shut off leaves no watcher, and would be a second
// writer once it is started. What a host doesn't tell in time is no reason to wait.
func (a Access) NamedElsewhere(ctx context.Context, search Search, domain libvirt.Domain) []problem.Warning {
	ctx, cancel := breaker.Optional(ctx, libvirt.ElsewhereLimit)
	defer cancel()
	name := a.Disk.Source()
	found, err := search.Users(ctx, a.Cluster, func(image string) bool { return image == name })
	if err != nil {
		return nil
	}
	var others []string
	for _, use := range found.Uses {
		if use.Defined && use.UUID != domain.UUID {
			others = append(others, use.String())
		}
	}
	if len(others) == 0 {
		return nil
	}
	return []problem.Warning{{Argument: "image", Summary: fmt.Sprintf("Image %s is named by other domains", name), Text: fmt.Sprintf(
		"Image %s on cluster %q is named by %s, and is attached to domain %q too.\n\nNobody else has it open now. Two guests that write one"+
			" image destroy its content: don't start those domains while this one runs with it, or take the image out of their definitions.",
		name, a.Cluster.Label(), strings.Join(others, ", "), domain.Name)}}
}

// takeBackLimit is how long a guest gets to let go of a disk that was attached while another client opened its image.
const takeBackLimit = time.Minute

// LookAgain looks at the watchers after the disk was attached to the running domain. Where another run, or an operator, has opened the
// image in the same moment, the disk is taken back: two of them may do so, and then nobody has it. contested tells, beside the error,
// that it is still attached.
func (a Access) LookAgain(ctx context.Context, domain libvirt.Domain, where libvirt.Where) (
	warnings []problem.Warning, contested bool, err error,
) {
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), accessLimit)
	defer cancel()
	watchers, err := a.Cluster.Watchers(asking, a.image())
	if err != nil {
		return []problem.Warning{{Summary: "Watchers of the image not looked at after the attach", Text: err.Error()}}, false, nil
	}
	if len(watchers) <= 1 {
		return nil, false, nil
	}
	taking, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBackLimit)
	defer cancel()
	kept := a.Host.DetachDisk(taking, domain.UUID, a.Disk, where)
	return nil, kept != nil, a.OpenedMeanwhile(domain, watchers, kept)
}

// WrittenHere refuses an image that the same apply has attached already.
func (a Access) WrittenHere(holder string) error {
	return problem.At("image", &problem.Problem{
		Kind: problem.Busy,
		What: fmt.Sprintf("Image %s is attached to %s, by this same apply.", a.image(), holder),
		Why:  "Two guests that write one image destroy its content. The disk was not attached, and no guest was touched.",
		Do:   OpenElsewhereAdvice,
	})
}

// Objects name the image as what one disk at a time can have: by the names that the disk opens it with, and by its identity where the
// cluster has told it, which is the same under another name.
func (a Access) Objects(image ceph.Image, fsid string) []string {
	objects := []string{fmt.Sprintf("image %s at %v", a.image(), libvirt.SortMonitors(a.Disk.Monitors))}
	if image.ID != "" {
		objects = append(objects, fmt.Sprintf("image %s of pool %d, namespace %q, fsid %s", image.ID, image.PoolID, a.Disk.Namespace, fsid))
	}
	return objects
}

// LeftBehind are disks that were found to be ours and that a create left which was killed: of the planned image or snapshot, on the planned
// cluster, and attached as planned. Images of two clusters may have one name, so each has to lead to the cluster too, wherever it is.
func (a Access) LeftBehind(ctx context.Context, found libvirt.Disks) (libvirt.Disks, error) {
	if found.Mirrored() == nil {
		return libvirt.Disks{}, nil
	}
	places, err := a.Monitors(ctx)
	if err != nil {
		return libvirt.Disks{}, err
	}
	fixed := []string{"pool", "namespace", "image", "snapshot", "bus", "device"}
	for _, disk := range found.Each() {
		differs := libvirt.DiffDisks(*disk, a.Disk, func(f libvirt.DiskField) bool { return slices.Contains(fixed, f.Name) })
		if len(differs) > 0 || places.Answer(ctx, disk.Monitors) != Yes {
			return libvirt.Disks{}, nil
		}
	}
	return found, nil
}
