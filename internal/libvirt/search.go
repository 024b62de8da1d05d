package libvirt

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	rpc "github.com/digitalocean/go-libvirt"
	"golang.org/x/sync/errgroup"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// element is any element of an XML document. A search reads documents in this form, so that it doesn't miss elements that are unknown here.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

func parse(document string) (element, error) {
	var root element
	err := checkXML(document)
	if err == nil {
		err = xml.Unmarshal([]byte(document), &root)
	}
	return root, err
}

func (e *element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// child is the first child with this name, an empty element where there is none.
func (e *element) child(name string) *element {
	for i := range e.Children {
		if e.Children[i].XMLName.Local == name {
			return &e.Children[i]
		}
	}
	return &element{}
}

// visit calls see with each element below this one, with the target of the disk that it is in, and with its place in words, which is empty
// for the disk's own source. <metadata>, which belongs to applications, is left out.
func (e *element) visit(target, place string, see func(e *element, target, place string)) {
	for i := range e.Children {
		child := &e.Children[i]
		name := child.XMLName.Local
		at, in := target, place
		switch name {
		case "metadata":
			continue
		case "disk":
			// A disk of a snapshot's or checkpoint's own list is called by its target or, by those who prefer it, its file.
			if at = child.child("target").attr("dev"); at == "" {
				at = child.attr("name")
			}
		case "nvram", "loader":
			at = "firmware"
		}
		if words := placesInDisk[name]; words != "" {
			in = words
		}
		see(child, at, in)
		child.visit(at, in, see)
	}
}

// placesInDisk are the elements of a disk, by name, whose sources are not the disk's own.
var placesInDisk = map[string]string{
	"backingStore": "as the base of an overlay",
	"mirror":       "as the destination of a block copy",
	"dataStore":    "as the data file of an overlay",
}

// record is a document in which libvirt keeps a domain: a definition, or the metadata of a snapshot, a checkpoint or a managed save image.
type record struct {
	domain rpc.Domain
	live   bool   // the running domain as it is
	place  string // in words, empty for a definition
	root   element
}

// records reads all documents of all domains except the probes of [Host.ProbeDisk]. A domain, a snapshot or a checkpoint that is deleted
// meanwhile is left out. Documents that could not be read make an error, which names their domains, beside those that could.
// Its kind is problem.Unreachable only where the host did not answer at all.
func (h *Host) records(ctx context.Context) ([]record, error) {
	list, err := h.listDomains(ctx, rpc.ConnectListDomainsActive|rpc.ConnectListDomainsInactive)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(d rpc.Domain) bool { return strings.HasPrefix(d.Name, probePrefix) })
	readers := []reader{{read: h.definitionRecords}}
	for _, r := range []reader{
		{has: rpc.ConnectListDomainsHasSnapshot, read: h.snapshotRecords},
		{has: rpc.ConnectListDomainsHasCheckpoint, read: h.checkpointRecords},
		{has: rpc.ConnectListDomainsManagedsave, read: h.managedSaveRecord},
	} {
		having, err := h.listDomains(ctx, r.has)
		if err != nil && !cannot(err) {
			return nil, err
		}
		r.of = map[rpc.UUID]bool{}
		for _, d := range having {
			r.of[d.UUID] = true
		}
		readers = append(readers, r)
	}
	var mu sync.Mutex
	var all []record
	var failures []failure
	var group errgroup.Group
	group.SetLimit(callsAtATime)
	for _, domain := range list {
		group.Go(func() error {
			for _, r := range readers {
				if r.has != 0 && !r.of[domain.UUID] {
					continue
				}
				found, err := r.read(ctx, domain)
				if err != nil && h.hasNoDomain(ctx, domain) {
					return nil
				}
				mu.Lock()
				all = append(all, found...)
				if err != nil {
					failures = append(failures, failure{domain.Name, err})
				}
				mu.Unlock()
			}
			return nil
		})
	}
	_ = group.Wait()
	return all, h.notSearched(failures)
}

// reader reads one kind of record of a domain.
type reader struct {
	// has is the filter of the listing that tells which domains have one; 0 for what all have.
	has  rpc.ConnectListAllDomainsFlags
	of   map[rpc.UUID]bool
	read func(context.Context, rpc.Domain) ([]record, error)
}

// hasNoDomain tells whether the host says that it doesn't have the domain any more.
func (h *Host) hasNoDomain(ctx context.Context, domain rpc.Domain) bool {
	op := operation{doing: fmt.Sprintf("look up domain %q", domain.Name), absent: rpc.ErrNoDomain}
	_, err := h.domainByUUID(ctx, op, uuidText(domain.UUID))
	return problem.Is(err, problem.NotFound)
}

// failure is a domain that could not be searched.
type failure struct {
	domain string
	err    error
}

// notSearched is the error for domains that could not be searched; nil for none.
func (h *Host) notSearched(failures []failure) error {
	if len(failures) == 0 {
		return nil
	}
	slices.SortFunc(failures, func(a, b failure) int { return strings.Compare(a.domain, b.domain) })
	var names, replies []string
	for _, f := range failures {
		names = append(names, fmt.Sprintf("%q", f.domain))
		replies = append(replies, f.err.Error())
	}
	return &problem.Problem{
		Kind: problem.Other,
		What: fmt.Sprintf("Not all domains of %s could be searched: %s.", h.name(), strings.Join(slices.Compact(names), ", ")),
		Why:  "What they use isn't known, so it is not concluded that they don't use it.",
		Do:   "See that virsh dumpxml, snapshot-dumpxml, checkpoint-dumpxml and managedsave-dumpxml work for these domains, then apply again.",
		Raw:  strings.Join(replies, "; "),
	}
}

// cannot tells whether the driver or release doesn't know a call or a flag. Then no domain there can have what the call lists.
func cannot(err error) bool {
	return problem.Is(err, problem.Unsupported) || problem.Is(err, problem.Invalid)
}

// definitionRecords reads the running domain and what is saved for its next start.
//
// Similar to: virsh dumpxml; virsh dumpxml --inactive.
func (h *Host) definitionRecords(ctx context.Context, domain rpc.Domain) ([]record, error) {
	op := operation{doing: fmt.Sprintf("read domain %q", domain.Name), absent: rpc.ErrNoDomain}
	dump := func(which rpc.DomainXMLFlags) (record, error) {
		return h.record(ctx, op, record{domain: domain}, "DomainGetXMLDesc", func(l *rpc.Libvirt) (string, error) {
			return l.DomainGetXMLDesc(domain, which)
		})
	}
	current, err := dump(0)
	if err != nil {
		return nil, err
	}
	// Only a running domain has a number.
	if current.live = current.root.attr("id") != ""; !current.live {
		return []record{current}, nil
	}
	saved, err := dump(rpc.DomainXMLInactive)
	if err != nil {
		return []record{current}, err
	}
	return []record{current, saved}, nil
}

// snapshotRecords reads the metadata of the domain's snapshots.
//
// Similar to: virsh snapshot-dumpxml, of each snapshot.
func (h *Host) snapshotRecords(ctx context.Context, domain rpc.Domain) ([]record, error) {
	op := operation{doing: fmt.Sprintf("read the snapshots of domain %q", domain.Name), absent: rpc.ErrNoDomain}
	list, err := read(ctx, h, op, onDomain("DomainListAllSnapshots", domain.Name), func(l *rpc.Libvirt) ([]rpc.DomainSnapshot, error) {
		snapshots, _, err := l.DomainListAllSnapshots(domain, 1, 0)
		return snapshots, err
	})
	if err != nil {
		return nil, err
	}
	op.absent = rpc.ErrNoDomainSnapshot
	return h.eachRecord(len(list), func(i int) (record, error) {
		place := fmt.Sprintf("in the metadata of snapshot %q", list[i].Name)
		return h.record(ctx, op, record{domain: domain, place: place}, "DomainSnapshotGetXMLDesc",
			func(l *rpc.Libvirt) (string, error) { return l.DomainSnapshotGetXMLDesc(list[i], 0) })
	})
}

// checkpointRecords reads the metadata of the domain's checkpoints.
//
// Similar to: virsh checkpoint-dumpxml, of each checkpoint.
func (h *Host) checkpointRecords(ctx context.Context, domain rpc.Domain) ([]record, error) {
	op := operation{doing: fmt.Sprintf("read the checkpoints of domain %q", domain.Name), absent: rpc.ErrNoDomain}
	list, err := read(ctx, h, op, onDomain("DomainListAllCheckpoints", domain.Name), func(l *rpc.Libvirt) ([]rpc.DomainCheckpoint, error) {
		checkpoints, _, err := l.DomainListAllCheckpoints(domain, 1, 0)
		return checkpoints, err
	})
	if err != nil {
		return nil, err
	}
	op.absent = rpc.ErrNoDomainCheckpoint
	return h.eachRecord(len(list), func(i int) (record, error) {
		place := fmt.Sprintf("in the metadata of checkpoint %q", list[i].Name)
		return h.record(ctx, op, record{domain: domain, place: place}, "DomainCheckpointGetXMLDesc",
			func(l *rpc.Libvirt) (string, error) { return l.DomainCheckpointGetXMLDesc(list[i], 0) })
	})
}

// managedSaveRecord reads the definition with which the domain will be restored.
//
// Similar to: virsh managedsave-dumpxml.
func (h *Host) managedSaveRecord(ctx context.Context, domain rpc.Domain) ([]record, error) {
	op := operation{doing: fmt.Sprintf("read the managed save image of domain %q", domain.Name), absent: rpc.ErrNoDomain}
	return h.eachRecord(1, func(int) (record, error) {
		return h.record(ctx, op, record{domain: domain, place: "in the managed save image"}, "DomainManagedSaveGetXMLDesc",
			func(l *rpc.Libvirt) (string, error) { return l.DomainManagedSaveGetXMLDesc(domain, 0) })
	})
}

// eachRecord reads n documents. One that doesn't exist any more is left out; where one can't be read the others are read as well.
func (h *Host) eachRecord(n int, read func(i int) (record, error)) ([]record, error) {
	var records []record
	var failures []error
	for i := range n {
		r, err := read(i)
		switch {
		case err == nil:
			records = append(records, r)
		case !problem.Is(err, problem.NotFound):
			failures = append(failures, err)
		}
	}
	return records, errors.Join(failures...)
}

// record reads one document.
func (h *Host) record(ctx context.Context, op operation, r record, procedure string, get func(*rpc.Libvirt) (string, error),
) (record, error) {
	document, err := read(ctx, h, op, onDomain(procedure, r.domain.Name), get)
	if err != nil {
		return r, err
	}
	if r.root, err = parse(document); err != nil {
		return r, h.fail(op, err)
	}
	return r, nil
}
