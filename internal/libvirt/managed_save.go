package libvirt

import (
	"context"
	"fmt"

	rpc "github.com/digitalocean/go-libvirt"
)

// managedSave returns the guest that the next start of a domain restores from its managed save image, with the disks that it has
// there; nil where the domain has no such image, or isn't there.
//
// Similar to: virsh managedsave-dumpxml DOMAIN.
func (h *Host) managedSave(ctx context.Context, domainUUID string) (*Definition, error) {
	op := operation{doing: fmt.Sprintf("read the managed save image of domain %s", domainUUID)}
	_, id, ok := normalUUID(domainUUID)
	if !ok {
		return nil, h.notUUID("domain", domainUUID)
	}
	text, err := read(ctx, h, op, onDomain("DomainManagedSaveGetXMLDesc", domainUUID), func(l *rpc.Libvirt) (string, error) {
		found, err := l.DomainLookupByUUID(id)
		if err != nil {
			return "", unless(err, rpc.ErrNoDomain)
		}
		there, err := l.DomainHasManagedSaveImage(found, 0)
		if err != nil || there != 1 {
			return "", unless(err, rpc.ErrNoDomain, rpc.ErrNoSupport)
		}
		return l.DomainManagedSaveGetXMLDesc(found, 0)
	})
	if err != nil || text == "" {
		return nil, err
	}
	definition, err := ParseDefinition(text)
	if err != nil {
		return nil, h.fail(op, err)
	}
	return definition, nil
}
