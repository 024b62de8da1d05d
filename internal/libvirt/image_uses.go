package libvirt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Monitor is a monitor as a definition names it. Port is 0 where it names none: librbd then tries both of Ceph's own.
type Monitor struct {
	Host string
	Port int
}

// ImageUse is a place where a domain names an RBD image.
type ImageUse struct {
	DomainUse
	// Image is the name as it stands there: POOL/IMAGE or POOL/NAMESPACE/IMAGE.
	Image string
	// Snapshot of the image that is read there; empty where it is the image itself, or can't be told.
	Snapshot string
	// Monitors of the image's cluster. Where there are none QEMU takes those of the host's ceph.conf.
	Monitors []Monitor
	// Defined means that a definition names it, not only the metadata of a snapshot or checkpoint or a managed save image.
	Defined bool
}

// ReadsSnapshot tells whether a disk reads a snapshot of the image, which stays as it is whatever is written to the image.
func (u ImageUse) ReadsSnapshot() bool { return u.Snapshot != "" && u.Place == "" }

// ImageUses lists every place where a domain of the host names an RBD image: as a disk's source, the base of an overlay at any depth
// or its data file, the destination of a block copy, the firmware's variables, a volume of a storage pool, a device of the kernel's RBD
// client, an argument of QEMU; in definitions, saved and running, in the metadata of snapshots and checkpoints, in managed save
// images. What only a file on the host tells is not seen: the backing file in the header of an overlay whose domain is shut off and
// doesn't name it, and what virsh save wrote. Documents that could not be read make an error, which names their domains, beside what
// was found; its kind is problem.Unreachable only where the host did not answer at all. Who asks with [readcache.Share] may get what was
// found since the last change from here.
//
// Similar to: virsh dumpxml, snapshot-dumpxml, checkpoint-dumpxml, managedsave-dumpxml, of each domain.
func (h *Host) ImageUses(ctx context.Context) ([]ImageUse, error) {
	return h.images.Get(ctx, struct{}{}, func(ctx context.Context) ([]ImageUse, error) {
		records, failed := h.records(ctx)
		uses, err := h.imagesOf(ctx, records)
		return uses, cmp.Or(failed, err)
	})
}

// DomainImageUses lists every place where the definitions of one domain, as they were read, name an RBD image, as [Host.ImageUses] does.
func (h *Host) DomainImageUses(ctx context.Context, domain Domain) ([]ImageUse, error) {
	named := rpc.Domain{Name: domain.Name}
	_, named.UUID, _ = normalUUID(domain.UUID)
	var records []record
	for _, definition := range []*Definition{domain.Live, domain.Saved} {
		if definition == nil {
			continue
		}
		root, err := parse(definition.text)
		if err != nil {
			return nil, h.fail(operation{doing: fmt.Sprintf("read domain %q", domain.Name)}, err)
		}
		records = append(records, record{domain: named, live: definition == domain.Live, root: root})
	}
	return h.imagesOf(ctx, records)
}

// imagesOf finds the images that documents name, each storage pool being read once.
func (h *Host) imagesOf(ctx context.Context, records []record) ([]ImageUse, error) {
	pools := map[string]storagePool{}
	var failures []error
	uses := imageUses(records, func(name string) storagePool {
		if _, asked := pools[name]; !asked {
			found, err := h.storagePool(ctx, name)
			if err != nil {
				failures = append(failures, err)
			}
			pools[name] = found
		}
		return pools[name]
	})
	if err := errors.Join(failures...); err != nil {
		return uses, &problem.Problem{
			Kind: problem.Other,
			What: fmt.Sprintf("Not all storage pools of %s could be read, of which disks use volumes.", h.name()),
			Do:   "See that virsh pool-dumpxml works for these pools, then apply again.",
			Raw:  err.Error(),
		}
	}
	return uses, nil
}

func imageUses(records []record, pool func(name string) storagePool) []ImageUse {
	var uses []ImageUse
	for _, r := range records {
		r.root.visit("", "", func(e *element, target, place string) {
			for _, named := range imagesAt(e, pool) {
				uses = append(uses, ImageUse{
					DomainUse: r.use(target, place), Image: named.image, Snapshot: named.snapshot, Monitors: named.monitors, Defined: r.place == "",
				})
			}
		})
	}
	return distinctImages(uses)
}

// namedImage is an image as one element names it.
type namedImage struct {
	image    string
	snapshot string
	monitors []Monitor
}

// imagesAt are the images that an element itself names, without those of its children.
func imagesAt(e *element, pool func(name string) storagePool) []namedImage {
	if name := e.attr("name"); e.attr("protocol") == "rbd" {
		if name == "" {
			return nil
		}
		named := []namedImage{{name, e.child("snapshot").attr("name"), monitorsOf(e)}}
		if end := strings.IndexAny(name, "@:"); end > 0 {
			// Old releases hand a snapshot or options on to librbd; the others take it for a part of the image's name.
			snapshot, _, _ := strings.Cut(strings.TrimPrefix(name[end:], "@"), ":")
			named = append(named, namedImage{name[:end], snapshot, monitorsOf(e)})
		}
		return named
	}
	if name, volume := e.attr("pool"), e.attr("volume"); name != "" && volume != "" {
		if p := pool(name); p.ceph != "" {
			return []namedImage{{image: p.ceph + "/" + volume, monitors: p.monitors}}
		}
		return nil
	}
	var named []namedImage
	for _, a := range e.Attrs {
		named = append(named, imagesInText(a.Value)...)
	}
	return named
}

func monitorsOf(source *element) []Monitor {
	var monitors []Monitor
	for i := range source.Children {
		if host := &source.Children[i]; host.XMLName.Local == "host" {
			monitors = append(monitors, Monitor{Host: host.attr("name"), Port: portOf(host.attr("port"))})
		}
	}
	return monitors
}

// storagePool is what a libvirt storage pool of type rbd reads; ceph, the name of the pool on the cluster, is empty for any other.
type storagePool struct {
	ceph     string
	monitors []Monitor
}

// storagePool reads a storage pool. One that doesn't exist, or a host without storage pools, has no volumes to name.
//
// Similar to: virsh pool-dumpxml.
func (h *Host) storagePool(ctx context.Context, name string) (storagePool, error) {
	op := operation{doing: fmt.Sprintf("read storage pool %q", name), absent: rpc.ErrNoStoragePool}
	document, err := read(ctx, h, op, onStoragePool("StoragePoolGetXMLDesc", name), func(l *rpc.Libvirt) (string, error) {
		found, err := l.StoragePoolLookupByName(name)
		if err != nil {
			return "", err
		}
		return l.StoragePoolGetXMLDesc(found, 0)
	})
	if problem.Is(err, problem.NotFound) || hasNoStorage(err) {
		return storagePool{}, nil
	}
	if err != nil {
		return storagePool{}, err
	}
	root, err := parse(document)
	if err != nil {
		return storagePool{}, h.fail(op, err)
	}
	return poolOf(&root), nil
}

func poolOf(root *element) storagePool {
	if root.attr("type") != "rbd" {
		return storagePool{}
	}
	source := root.child("source")
	return storagePool{ceph: source.child("name").Text, monitors: monitorsOf(source)}
}

// distinctImages sorts uses and leaves one of those that say the same of both definitions of a domain.
func distinctImages(uses []ImageUse) []ImageUse {
	slices.SortFunc(uses, func(a, b ImageUse) int { return cmp.Or(compareImageUses(a, b), activeFirst(a.DomainUse, b.DomainUse)) })
	return slices.CompactFunc(uses, func(a, b ImageUse) bool { return compareImageUses(a, b) == 0 })
}

func compareImageUses(a, b ImageUse) int {
	return cmp.Or(compareUses(a.DomainUse, b.DomainUse), cmp.Compare(a.Image, b.Image), cmp.Compare(a.Snapshot, b.Snapshot),
		slices.CompareFunc(a.Monitors, b.Monitors, func(x, y Monitor) int {
			return cmp.Or(cmp.Compare(x.Host, y.Host), cmp.Compare(x.Port, y.Port))
		}))
}
