package rbdusage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// Addresses are where the monitors of the disk listen: those of its cluster, and those that it names.
func (a Access) Addresses(ctx context.Context) (MonitorAddresses, error) {
	addresses := addressesNamed(ctx, a.Disk.Monitors)
	if a.Cluster == nil {
		return addresses, nil
	}
	monitors, err := a.Cluster.Monitors(ctx)
	if err != nil {
		return nil, problem.At("cluster", err)
	}
	return addresses.union(AddressesOf(monitors)), nil
}

// RefuseTwice refuses an image that the domain already names in another place than the disk that was found: at another target, or as the
// base of an overlay. A disk that reads a snapshot of the image doesn't count. Images of two clusters may have one name, so the monitors
// count too; where they don't tell, the image is taken to be the same.
func (a Access) RefuseTwice(ctx context.Context, domain libvirt.Domain, found libvirt.Disks) error {
	uses, err := a.Host.DomainImageUses(ctx, domain)
	if err != nil {
		return problem.At("domain", err)
	}
	var addresses MonitorAddresses
	for _, use := range uses {
		if use.Image != a.Disk.Source() || use.ReadsSnapshot() || found.HasTarget(use.Target) {
			continue
		}
		if addresses == nil {
			if addresses, err = a.Addresses(ctx); err != nil {
				return err
			}
		}
		if answer := addresses.Answer(ctx, use.Monitors); answer != No {
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
	if use.Place == "" && domain.DisksAt(use.Target).SavedOrLive() != nil {
		p.What = fmt.Sprintf("Domain %q on hypervisor %q already has image %s, as disk %s.", domain.Name, a.Host.Label(), a.image(), use.Target)
		p.Why = "One guest that writes an image through two disks destroys its content."
		p.Do = fmt.Sprintf("Name another image. To manage the disk that is there, set target_dev = %q and import it: terraform import ADDRESS"+
			" %s.",
			use.Target, problem.Word(fmt.Sprintf("%s/%s/%s", a.Host.Label(), domain.Name, use.Target)))
	}
	if answer == Unknown {
		p.Why += " It can't be told from here on which cluster that one is: it names no monitors, or not by address."
		p.Do += " If it is another cluster's, let it name that cluster's monitors by address (virsh edit)."
	}
	return p
}

// openElsewhereAdvice is what to do about an image that a second guest would write.
const openElsewhereAdvice = "Detach it there first. Where several guests are meant to share the image, with a file system made for that," +
	" set shareable = true on all of them; a guest that only reads takes read_only = true."

// RefuseInUse refuses an image that has more watchers than its own, after a wait for those of clients that have ended.
//
// Similar to: rbd status IMAGE.
func (a Access) RefuseInUse(ctx context.Context, own int) error {
	return problem.At("image", a.Cluster.AwaitRelease(ctx, a.image(), func() (held, err error) {
		watchers, err := a.Cluster.Watchers(ctx, a.image())
		if watchers = ceph.Holders(watchers); err != nil || len(watchers) <= own {
			return nil, err
		}
		return &problem.Problem{
			Kind: problem.Busy,
			What: fmt.Sprintf("Image %s on cluster %q is open elsewhere: %s.", a.image(), a.Cluster.Label(), ceph.DescribeWatchers(watchers)),
			Why:  "Two guests that write one image destroy its content. The disk was not attached, and no guest was touched.",
			Do:   openElsewhereAdvice,
		}, nil
	}))
}

// openedMeanwhile is the error where another client opened the image while it was attached to a domain. The disk was detached again; where
// that failed, kept says why.
func (a Access) openedMeanwhile(domain libvirt.Domain, watchers []ceph.Watcher, kept error) error {
	p := &problem.Problem{
		Kind: problem.Busy,
		What: fmt.Sprintf("Image %s on cluster %q is open elsewhere: another client opened it in the moment of the attach.",
			a.image(), a.Cluster.Label()),
		Why: fmt.Sprintf("Two guests that write one image destroy its content. Disk %s was taken from domain %q again. Clients that had it"+
			" open: %s.",
			a.Disk.Target, domain.Name, ceph.DescribeWatchers(watchers)),
		Do: openElsewhereAdvice,
	}
	if kept != nil {
		p.Why = fmt.Sprintf("Two guests that write one image destroy its content. Disk %s could not be taken from domain %q again: it is still"+
			" attached. Clients that have it open: %s.", a.Disk.Target, domain.Name, ceph.DescribeWatchers(watchers))
		p.Do = fmt.Sprintf("Stop one of the two at once, for example with virsh suspend %s on hypervisor %q; then detach one of the disks.",
			problem.Word(domain.Name), a.Host.Label())
		p.Raw = kept.Error()
	}
	return problem.At("image", p)
}

// NamedElsewhere warns of other domains whose definitions name the image, and not only a snapshot of it: one that is shut off leaves no
// watcher, and would be a second writer once it is started. A host that doesn't answer in time is left out.
func (a Access) NamedElsewhere(ctx context.Context, search Search, domain libvirt.Domain) []problem.Warning {
	search.HostLimit = libvirt.ElsewhereLimit
	name := a.Disk.Source()
	found, err := search.Users(readcache.Share(ctx), a.Cluster, func(use libvirt.ImageUse) bool { return use.Image == name })
	if err != nil {
		return nil
	}
	var others []string
	for _, use := range found.Uses {
		if use.Defined && use.UUID != domain.UUID && !use.ReadsSnapshot() {
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

// takeBackLimit is how long a guest gets to give up a disk that was attached while another client opened its image.
const takeBackLimit = time.Minute

// passingLimit is how long another client may have the image open after the attach without being taken for a second writer, as one that
// makes a snapshot or lists the image does.
const passingLimit = 3 * time.Second

// RecheckWatchers looks at the watchers after the disk was attached to the running domain. Where another run, or an operator, has opened
// the image in the same moment, and still has it a few seconds later, the disk is detached again: two runs may do so, and then nobody has
// it. contested tells, beside the error, that it is still attached.
func (a Access) RecheckWatchers(ctx context.Context, domain libvirt.Domain, where libvirt.Where) (
	warnings []problem.Warning, contested bool, err error,
) {
	asking, cancel := grace.Context(ctx, accessLimit)
	defer cancel()
	watchers, err := a.watchersToStay(asking)
	if err != nil {
		return []problem.Warning{{Summary: "Watchers of the image not looked at after the attach", Text: err.Error()}}, false, nil
	}
	if len(watchers) <= 1 {
		return nil, false, nil
	}
	taking, cancel := grace.Context(ctx, takeBackLimit)
	defer cancel()
	kept := a.Host.DetachDisk(taking, domain.UUID, a.Disk, where)
	return nil, kept != nil, a.openedMeanwhile(domain, watchers, kept)
}

// watchersToStay are the watchers of the image; where there are several, those that are left when one that only passes by has gone.
func (a Access) watchersToStay(ctx context.Context) ([]ceph.Watcher, error) {
	watchers, err := a.Cluster.Watchers(ctx, a.image())
	if watchers = ceph.Holders(watchers); err != nil || len(watchers) <= 1 {
		return watchers, err
	}
	waiting, cancel := context.WithTimeout(ctx, passingLimit)
	defer cancel()
	// Where they can't be listed any more, those count that were seen.
	_ = a.Cluster.AwaitRelease(waiting, a.image(), func() (held, err error) {
		now, err := a.Cluster.Watchers(waiting, a.image())
		if err != nil {
			return nil, err
		}
		if watchers = ceph.Holders(now); len(watchers) > 1 {
			return errSeveral, nil
		}
		return nil, nil
	})
	return watchers, nil
}

// errSeveral is told while an image has several watchers.
var errSeveral = errors.New("several clients have the image open")

// AttachedInSameApply is the refusal of an image that the same apply has attached already.
func (a Access) AttachedInSameApply(holder string) error {
	return problem.At("image", &problem.Problem{
		Kind: problem.Busy,
		What: fmt.Sprintf("Image %s is attached to %s, by this same apply.", a.image(), holder),
		Why:  "Two guests that write one image destroy its content. The disk was not attached, and no guest was touched.",
		Do:   openElsewhereAdvice,
	})
}

// Objects are the names of what only one disk at a time may have: the image by the names that the disk opens it with, and by its ID where
// the cluster has told it, because a renamed image keeps its ID.
func (a Access) Objects(image ceph.Image, fsid string) []string {
	objects := []string{fmt.Sprintf("image %s at %v", a.image(), libvirt.SortMonitors(a.Disk.Monitors))}
	if image.ID != "" {
		objects = append(objects, fmt.Sprintf("image %s of pool %d, namespace %q, fsid %s", image.ID, image.PoolID, a.Disk.Namespace, fsid))
	}
	return objects
}

// FromKilledCreate are those of the found disks, all with an alias of this provider, that a killed create has left: of the planned image
// or snapshot, on the planned cluster, and attached as planned. Images of two clusters may have the same name, so the monitors of each
// disk have to be those of the cluster.
func (a Access) FromKilledCreate(ctx context.Context, found libvirt.Disks) (libvirt.Disks, error) {
	if found.SavedOrLive() == nil {
		return libvirt.Disks{}, nil
	}
	addresses, err := a.Addresses(ctx)
	if err != nil {
		return libvirt.Disks{}, err
	}
	fixed := []string{"pool", "namespace", "image", "snapshot", "encryption", "bus", "device"}
	for _, disk := range found.Each() {
		differs := libvirt.DiffDisks(*disk, a.Disk, func(f libvirt.DiskField) bool { return slices.Contains(fixed, f.Name) })
		if len(differs) > 0 || addresses.Answer(ctx, disk.Monitors) != Yes {
			return libvirt.Disks{}, nil
		}
	}
	return found, nil
}
