package libvirt

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// DomainUse is a disk of a domain.
type DomainUse struct {
	// Domain is the domain's name, UUID its UUID, Target the disk's target (vdb), "firmware" for its variables.
	Domain, UUID, Target string
	// Place says in words where the disk has it: as the base of an overlay, in the metadata of a snapshot. Empty for its own source.
	Place string
	// Active means that the running domain has the disk, not only the saved definition.
	Active bool
}

// Where tells the disk and the place in words: "vda, as the base of an overlay".
func (u DomainUse) Where() string {
	switch {
	case u.Target == "" && u.Place == "":
		return "outside of its disks"
	case u.Target == "" || u.Place == "":
		return u.Target + u.Place
	}
	return u.Target + ", " + u.Place
}

// SecretUsers lists the disks that refer to a secret, by its UUID or by its usage name, wherever libvirt keeps the domain: in its
// definitions, in the metadata of snapshots and checkpoints, in a managed save image. Either may be empty. Where documents could not
// be read there is an error beside the users that were found.
//
// Similar to: virsh dumpxml, of each domain.
func (h *Host) SecretUsers(ctx context.Context, uuid, usage string) ([]DomainUse, error) {
	id, _, _ := normalUUID(uuid)
	refers := func(e *element) bool {
		if e.XMLName.Local != "secret" {
			return false
		}
		if named := e.attr("uuid"); named != "" {
			other, _, _ := normalUUID(named)
			return id != "" && other == id
		}
		return usage != "" && e.attr("usage") == usage
	}
	records, err := h.records(ctx)
	var uses []DomainUse
	for _, r := range records {
		r.root.visit("", "", func(e *element, target, place string) {
			if refers(e) {
				uses = append(uses, r.use(target, place))
			}
		})
	}
	return distinct(uses), err
}

func (r record) use(target, place string) DomainUse {
	words := slices.DeleteFunc([]string{place, r.place}, func(s string) bool { return s == "" })
	return DomainUse{Domain: r.domain.Name, UUID: uuidText(r.domain.UUID), Target: target, Place: strings.Join(words, ", "), Active: r.live}
}

// distinct sorts uses and leaves one of those that are in both definitions of a domain.
func distinct(uses []DomainUse) []DomainUse {
	slices.SortFunc(uses, func(a, b DomainUse) int { return cmp.Or(compareUses(a, b), activeFirst(a, b)) })
	return slices.CompactFunc(uses, func(a, b DomainUse) bool { return compareUses(a, b) == 0 })
}

func compareUses(a, b DomainUse) int {
	return cmp.Or(cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.UUID, b.UUID), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Place, b.Place))
}

func activeFirst(a, b DomainUse) int {
	switch {
	case a.Active == b.Active:
		return 0
	case a.Active:
		return -1
	}
	return 1
}
