package libvirt

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// DomainUse is a disk of a domain.
type DomainUse struct {
	// Domain is the domain's name, UUID its UUID, Target the disk's target (vdb), "firmware" for its variables.
	Domain, UUID, Target string
	// Place says in words where the disk has it: as the base of an overlay, in the metadata of a snapshot. Empty for its own source.
	Place string
	// Active means that the running domain has the disk, not only the saved definition.
	Active bool
	// Saved means that something besides the running domain has it. Only [Host.SecretUsers] tells.
	Saved bool
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

// SecretUsers lists the disks that refer to a secret, by its UUID or by its usage name, wherever libvirt stores the domain: in its
// definitions, in the metadata of snapshots and checkpoints, in a managed save image. Where documents could not be read there is an
// error beside the users that were found.
//
// Similar to: virsh dumpxml, of each domain.
func (h *Host) SecretUsers(ctx context.Context, secret Secret) ([]DomainUse, error) {
	references, err := h.secrets.Get(ctx, struct{}{}, h.secretReferences)
	refers := referenceTo(secret)
	var uses []DomainUse
	saved := map[DomainUse]bool{}
	for _, r := range references {
		if refers(r.secretName) {
			uses = append(uses, r.from)
			saved[r.from] = true
		}
	}
	uses = distinct(uses)
	for i := range uses {
		alike := uses[i]
		alike.Active = false
		uses[i].Saved = saved[alike]
	}
	return uses, err
}

// secretReference is a place where a domain refers to a secret.
type secretReference struct {
	secretName
	from DomainUse
}

// secretName is what a document calls a secret: a UUID, as it is written there, or a usage name among the secrets of a usage type.
type secretName struct{ uuid, usageType, usage string }

// secretReferences lists every place where a domain refers to a secret.
func (h *Host) secretReferences(ctx context.Context) ([]secretReference, error) {
	records, err := h.records(ctx)
	var references []secretReference
	for _, r := range records {
		r.root.visit("", "", func(e *element, target, place string) {
			for _, name := range secretsAt(e) {
				references = append(references, secretReference{name, r.use(target, place)})
			}
		})
	}
	return references, err
}

// secretsAt are the secrets that an element refers to: a <secret> has its meaning from the element that it is in.
func secretsAt(e *element) []secretName {
	var names []secretName
	usageType := UsageCeph // or iscsi, which is not told apart
	if e.XMLName.Local == "encryption" {
		usageType = UsageVolume
		if uuid := e.attr("secret"); uuid != "" { // of a TPM's state
			names = append(names, secretName{uuid: uuid})
		}
	}
	for i := range e.Children {
		child := &e.Children[i]
		if child.XMLName.Local != "secret" {
			continue
		}
		if uuid := child.attr("uuid"); uuid != "" {
			names = append(names, secretName{uuid: uuid})
		} else if usage := child.attr("usage"); usage != "" {
			names = append(names, secretName{usageType: usageType, usage: usage})
		}
	}
	return names
}

// referenceTo tells of a name whether it is that of a secret.
func referenceTo(secret Secret) func(secretName) bool {
	id, _, _ := normalUUID(secret.UUID)
	return func(named secretName) bool {
		if named.uuid == "" {
			return secret.UsageName != "" && named.usageType == secret.UsageType && named.usage == secret.UsageName
		}
		other, _, _ := normalUUID(named.uuid)
		return id != "" && other == id
	}
}

// SecretPools lists the storage pools that refer to a secret, by its UUID or by its usage name, in what is active or in what is saved. What
// this user may not search is problem.Denied, beside those that were found.
//
// Similar to: virsh pool-dumpxml; virsh pool-dumpxml --inactive, of each pool.
func (h *Host) SecretPools(ctx context.Context, secret Secret) ([]string, error) {
	op := operation{doing: "list the storage pools"}
	list, err := read(ctx, h, op, onHost("ConnectListAllStoragePools"), func(l *rpc.Libvirt) ([]rpc.StoragePool, error) {
		pools, _, err := l.ConnectListAllStoragePools(1, 0)
		return pools, err
	})
	if hasNoStorage(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var denied error
	refers := referenceTo(secret)
	var names []string
	for _, pool := range list {
		op := operation{doing: fmt.Sprintf("read storage pool %q", pool.Name), absent: rpc.ErrNoStoragePool}
		found := false
		for _, which := range []rpc.StorageXMLFlags{0, rpc.StorageXMLInactive} {
			document, err := read(ctx, h, op, onStoragePool("StoragePoolGetXMLDesc", pool.Name), func(l *rpc.Libvirt) (string, error) {
				return l.StoragePoolGetXMLDesc(pool, which)
			})
			if problem.Is(err, problem.NotFound) {
				continue
			}
			if problem.Is(err, problem.Denied) {
				denied = err
				continue
			}
			if err != nil {
				return nil, err
			}
			root, err := parse(document)
			if err != nil {
				return nil, h.fail(op, err)
			}
			root.visit("", "", func(e *element, _, _ string) { found = found || slices.ContainsFunc(secretsAt(e), refers) })
		}
		if found {
			names = append(names, pool.Name)
		}
	}
	slices.Sort(names)
	return names, denied
}

// hasNoStorage tells of an error that a host has no storage pools: its driver has none; or, of a host with a daemon for each driver, it is
// without the one that would have them, and the daemon that was asked finds no socket of it.
func hasNoStorage(err error) bool {
	reply := rawOf(err)
	return problem.Is(err, problem.Unsupported) ||
		strings.Contains(reply, "virtstoraged-sock") && strings.Contains(reply, "No such file or directory")
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
