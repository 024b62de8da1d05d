package libvirt

import (
	"context"
	"fmt"
	"slices"
	"strings"

	rpc "github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Domain is a domain with its definitions, read without the parts that libvirt calls secure.
type Domain struct {
	Name, UUID string
	// Active means that it runs or is paused; Persistent that it has a saved definition.
	Active, Persistent bool
	// Saved is the definition for the next start, nil for a transient domain.
	Saved *Definition
	// Live is the running domain as it is, nil when it is shut off.
	Live *Definition
	// LibVersion is the release of the libvirt that it was read from.
	LibVersion Version
}

// Definition is what one definition of a domain says. A nil one has nothing.
type Definition struct {
	Disks []Disk
	ID    int // the number of a running domain (virsh domid), another one after each start; 0 for a saved definition
	doc   *libvirtxml.Domain
	text  string // as libvirt wrote it
}

// ParseDefinition reads a domain's XML, as virsh dumpxml prints it.
func ParseDefinition(text string) (*Definition, error) {
	doc := &libvirtxml.Domain{}
	if err := unmarshalXML(text, doc); err != nil {
		return nil, err
	}
	d := &Definition{doc: doc, text: text, ID: value(doc.ID)}
	if doc.Devices != nil {
		for i, element := range doc.Devices.Disks {
			disk := diskOf(element)
			disk.read.definition, disk.read.nth = text, i
			d.Disks = append(d.Disks, disk)
		}
	}
	return d, nil
}

// DiskByTarget returns the disk with this target (vdb), nil where there is none.
func (d *Definition) DiskByTarget(target string) *Disk {
	return d.diskWhere(func(disk Disk) bool { return disk.Target == target })
}

// deviceAddresses are the addresses of this type that devices of any kind have themselves. That of a device's source is one of the host's.
func (d *Definition) deviceAddresses(kind string) ([]element, error) {
	root, err := parse(d.text)
	if err != nil {
		return nil, err
	}
	var addresses []element
	devices := root.child("devices")
	for i := range devices.Children {
		for _, child := range devices.Children[i].Children {
			if child.XMLName.Local == "address" && child.attr("type") == kind {
				addresses = append(addresses, child)
			}
		}
	}
	return addresses, nil
}

// diskByAlias returns the disk with this alias, nil where there is none.
func (d *Definition) diskByAlias(alias string) *Disk {
	return d.diskWhere(func(disk Disk) bool { return alias != "" && disk.Alias == alias })
}

func (d *Definition) diskWhere(is func(Disk) bool) *Disk {
	if d == nil {
		return nil
	}
	if i := slices.IndexFunc(d.Disks, is); i >= 0 {
		return &d.Disks[i]
	}
	return nil
}

// bootsAsAWhole tells whether the definition chooses the boot devices by their kind (<boot dev> in <os>), which leaves no place for an
// order of single devices.
func (d *Definition) bootsAsAWhole() bool {
	return d != nil && d.doc != nil && d.doc.OS != nil && len(d.doc.OS.BootDevices) > 0
}

// Where says which definition of a domain is meant; the two can be combined.
type Where uint8

// The definitions of a domain.
const (
	Live Where = 1 << iota
	Saved
)

// flags are those of libvirt (VIR_DOMAIN_AFFECT_*).
func (w Where) flags() uint32 {
	var flags rpc.DomainDeviceModifyFlags
	if w&Live != 0 {
		flags |= rpc.DomainDeviceModifyLive
	}
	if w&Saved != 0 {
		flags |= rpc.DomainDeviceModifyConfig
	}
	return uint32(flags)
}

// Where says which definitions the domain has now.
func (d Domain) Where() Where {
	var w Where
	if d.Live != nil {
		w |= Live
	}
	if d.Saved != nil {
		w |= Saved
	}
	return w
}

// Domain looks a domain up by its UUID or its name. It is problem.NotFound where the host says that it has none. While resources are
// refreshed one reading serves all disks of a domain: what it returns is shared, and must not be changed.
//
// Similar to: virsh dumpxml; virsh dumpxml --inactive.
func (h *Host) Domain(ctx context.Context, nameOrUUID string) (Domain, error) {
	return h.definitions.Get(ctx, nameOrUUID, func(ctx context.Context) (Domain, error) {
		op := operation{doing: fmt.Sprintf("read domain %q", nameOrUUID), absent: rpc.ErrNoDomain}
		found, err := h.lookupDomain(ctx, op, nameOrUUID)
		if err != nil {
			return Domain{}, err
		}
		return h.describeDomain(ctx, op, found)
	})
}

// Domains lists all domains of the host, running and shut off, but for the probes of [Host.ProbeDisk]. One that goes away
// meanwhile is left out.
//
// Similar to: virsh list --all.
func (h *Host) Domains(ctx context.Context) ([]Domain, error) {
	var all []Domain
	every := func(string) bool { return true }
	same := func(_ context.Context, d Domain) (Domain, error) { return d, nil }
	err := VisitDomains(ctx, h, every, same, func(d Domain) bool { all = append(all, d); return true })
	return all, err
}

// VisitDomains is [Host.Domains] for those with a name that is wanted, sorted by name; of the others nothing else is read. It asks about
// some domains at a time, and visits the answers until visit returns false.
//
// Similar to: virsh list --all.
func VisitDomains[R any](
	ctx context.Context, h *Host, wanted func(name string) bool, ask func(context.Context, Domain) (R, error), visit func(R) bool,
) error {
	list, err := h.listDomains(ctx, rpc.ConnectListDomainsActive|rpc.ConnectListDomainsInactive)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(d rpc.Domain) bool { return strings.HasPrefix(d.Name, probePrefix) || !wanted(d.Name) })
	slices.SortFunc(list, func(a, b rpc.Domain) int { return strings.Compare(a.Name, b.Name) })
	return VisitEach(ctx, list, func(ctx context.Context, found rpc.Domain) (answer R, err error) {
		domain, err := h.describeDomain(ctx, operation{doing: fmt.Sprintf("read domain %q", found.Name), absent: rpc.ErrNoDomain}, found)
		if err != nil {
			return answer, err
		}
		return ask(ctx, domain)
	}, visit)
}

func (h *Host) listDomains(ctx context.Context, which rpc.ConnectListAllDomainsFlags) ([]rpc.Domain, error) {
	return read(ctx, h, operation{doing: "list the domains"}, onHost("ConnectListAllDomains"), func(l *rpc.Libvirt) ([]rpc.Domain, error) {
		list, _, err := l.ConnectListAllDomains(1, which)
		return list, err
	})
}

// lookupDomain prefers the UUID: the name of a domain may be the UUID of another.
func (h *Host) lookupDomain(ctx context.Context, op operation, nameOrUUID string) (rpc.Domain, error) {
	if _, _, ok := normalUUID(nameOrUUID); ok {
		found, err := h.domainByUUID(ctx, op, nameOrUUID)
		if !problem.Is(err, problem.NotFound) {
			return found, err
		}
	}
	return read(ctx, h, op, onDomain("DomainLookupByName", nameOrUUID), func(l *rpc.Libvirt) (rpc.Domain, error) {
		return l.DomainLookupByName(nameOrUUID)
	})
}

func (h *Host) domainByUUID(ctx context.Context, op operation, domainUUID string) (rpc.Domain, error) {
	_, id, ok := normalUUID(domainUUID)
	if !ok {
		return rpc.Domain{}, h.notUUID("domain", domainUUID)
	}
	return read(ctx, h, op, onDomain("DomainLookupByUUID", domainUUID), func(l *rpc.Libvirt) (rpc.Domain, error) {
		return l.DomainLookupByUUID(id)
	})
}

// describeDomain reads the definitions of a domain.
func (h *Host) describeDomain(ctx context.Context, op operation, found rpc.Domain) (Domain, error) {
	version, err := h.LibVersion(ctx)
	if err != nil {
		return Domain{}, err
	}
	d := Domain{Name: found.Name, UUID: uuidText(found.UUID), LibVersion: version}
	persistent, err := read(ctx, h, op, onDomain("DomainIsPersistent", found.Name), func(l *rpc.Libvirt) (int32, error) {
		return l.DomainIsPersistent(found)
	})
	if err != nil {
		return Domain{}, err
	}
	d.Persistent = persistent == 1
	current, err := h.definition(ctx, op, found, 0)
	if err != nil {
		return Domain{}, err
	}
	// Only a running domain has a number, so one reading decides this and what the definition is.
	if current.doc.ID != nil {
		d.Active, d.Live = true, current
	}
	if d.Persistent {
		d.Saved, err = h.definition(ctx, op, found, rpc.DomainXMLInactive)
	}
	return d, err
}

// definition reads a domain's XML. The SECURE flag, which adds passwords, is never set.
func (h *Host) definition(ctx context.Context, op operation, found rpc.Domain, which rpc.DomainXMLFlags) (*Definition, error) {
	text, err := read(ctx, h, op, onDomain("DomainGetXMLDesc", found.Name), func(l *rpc.Libvirt) (string, error) {
		return l.DomainGetXMLDesc(found, which)
	})
	if err != nil {
		return nil, err
	}
	definition, err := ParseDefinition(text)
	if err != nil {
		return nil, h.fail(op, err)
	}
	return definition, nil
}

// changing looks a domain up and locks out other changes of it until unlock is called.
func (h *Host) changing(ctx context.Context, op operation, domainUUID string) (found rpc.Domain, unlock func(), err error) {
	id, _, ok := normalUUID(domainUUID)
	if !ok {
		return rpc.Domain{}, nil, h.notUUID("domain", domainUUID)
	}
	unlock, err = h.config.DomainLocks.Lock(ctx, id)
	if err != nil {
		return rpc.Domain{}, nil, &problem.Problem{
			Kind: problem.Busy,
			What: fmt.Sprintf("Could not %s on %s.", op.doing, h.name()),
			Why: "Another change of the domain by this apply was under way until then, such as a detach that waits for the guest to release the" +
				" disk, and this one was not begun.",
			Do:  "Look for an error of the other one, then apply again.",
			Raw: err.Error(),
		}
	}
	found, err = h.domainByUUID(ctx, operation{doing: op.doing, absent: rpc.ErrNoDomain}, id)
	if err != nil {
		unlock()
		return rpc.Domain{}, nil, err
	}
	release, changed := unlock, []func(){h.definitions.Changing(), h.images.Changing(), h.secrets.Changing()}
	return found, func() {
		for _, drop := range changed {
			drop()
		}
		release()
	}, nil
}
