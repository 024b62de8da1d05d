package libvirt

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	rpc "github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// The usage types of secrets that are managed.
const (
	// UsageCeph is that of the keys with which disks open RBD images.
	UsageCeph = "ceph"
	// UsageVolume is that of the passphrases of encrypted images and volumes.
	UsageVolume = "volume"
)

// usageNumbers are libvirt's numbers of the usage types.
var usageNumbers = map[string]rpc.SecretUsageType{UsageCeph: rpc.SecretUsageTypeCeph, UsageVolume: rpc.SecretUsageTypeVolume}

// Secret is the definition of a libvirt secret, without its value.
type Secret struct {
	// UUID is lower case with dashes.
	UUID string
	// UsageType is UsageCeph or UsageVolume; secrets of other types are never changed.
	UsageType string
	// UsageName is unique on the host among the secrets of its usage type: the name of a ceph secret, the volume of a volume's. Empty for
	// other usage types.
	UsageName   string
	Description string
	// Ephemeral keeps the value in memory only: it is lost when the daemon stops.
	Ephemeral bool
	// Private means that nobody but QEMU gets the value.
	Private bool
}

// Secret looks up a secret of any usage type by its UUID. It is problem.NotFound where the host says that it has none.
//
// Similar to: virsh secret-dumpxml UUID.
func (h *Host) Secret(ctx context.Context, uuid string) (Secret, error) {
	op := operation{doing: fmt.Sprintf("read secret %s", uuid), absent: rpc.ErrNoSecret}
	found, err := h.lookupSecret(ctx, op, uuid)
	if err != nil {
		return Secret{}, err
	}
	return h.describeSecret(ctx, op, found)
}

// SecretByUsage looks up a secret of a usage type by its usage name, which is unique among those.
//
// Similar to: virsh secret-list.
func (h *Host) SecretByUsage(ctx context.Context, usageType, usage string) (Secret, error) {
	op := operation{doing: fmt.Sprintf("read the %s secret with usage name %q", usageType, usage), absent: rpc.ErrNoSecret}
	found, err := read(ctx, h, op, onSecret("SecretLookupByUsage", usage), func(l *rpc.Libvirt) (rpc.Secret, error) {
		return l.SecretLookupByUsage(int32(usageNumbers[usageType]), usage)
	})
	if err != nil {
		return Secret{}, err
	}
	return h.describeSecret(ctx, op, found)
}

// Secrets lists the host's secrets of a usage type, sorted by usage name. One that is undefined meanwhile is left out.
//
// Similar to: virsh secret-list.
func (h *Host) Secrets(ctx context.Context, usageType string) ([]Secret, error) {
	op := operation{doing: "list the secrets"}
	all, err := read(ctx, h, op, onHost("ConnectListAllSecrets"), func(l *rpc.Libvirt) ([]rpc.Secret, error) {
		list, _, err := l.ConnectListAllSecrets(1, 0)
		return list, err
	})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(s rpc.Secret) bool { return s.UsageType != int32(usageNumbers[usageType]) })
	slices.SortFunc(all, func(a, b rpc.Secret) int { return strings.Compare(a.UsageID, b.UsageID) })
	op.absent = rpc.ErrNoSecret
	return Each(ctx, all, func(ctx context.Context, found rpc.Secret) (Secret, error) { return h.describeSecret(ctx, op, found) })
}

// DefineSecret defines a secret, or changes the description and the flags of the one with this UUID, usage type and usage
// name; its value stays. Where the UUID or the usage name belongs to another secret the error is problem.Exists; a private
// secret that is to be readable again is problem.Refused. Making a secret ephemeral deletes its value from disk.
//
// Similar to: virsh secret-define.
func (h *Host) DefineSecret(ctx context.Context, s Secret) error {
	id, _, ok := normalUUID(s.UUID)
	if !ok {
		return h.notUUID("secret", s.UUID)
	}
	doc := libvirtxml.Secret{
		Ephemeral:   yesNo(s.Ephemeral),
		Private:     yesNo(s.Private),
		Description: s.Description,
		UUID:        id,
		Usage:       &libvirtxml.SecretUsage{Type: s.UsageType},
	}
	if s.UsageType == UsageVolume {
		doc.Usage.Volume = s.UsageName
	} else {
		doc.Usage.Name = s.UsageName
	}
	op := operation{doing: fmt.Sprintf("define secret %s with usage name %q", id, s.UsageName), changes: true}
	text, err := doc.Marshal()
	if err != nil {
		return h.fail(op, err)
	}
	// libvirt has one code for all that it refuses here, so the secret in the way is looked up, and not guessed from the text.
	_, err = repeat(ctx, h, op, changing(onSecret("SecretDefineXML", id)), func(l *rpc.Libvirt) (rpc.Secret, error) {
		return l.SecretDefineXML(text, 0)
	})
	if err == nil {
		return nil
	}
	failure := h.fail(op, err)
	if code(err) == rpc.ErrInternalError {
		return h.secretClash(ctx, s, id, failure)
	}
	if problem.Unanswered(failure) && h.hasSecret(ctx, s) {
		return nil
	}
	return failure
}

// ChangeSecret is [Host.DefineSecret] for a secret that exists. Where it is gone that is problem.NotFound: libvirt would make another one,
// without a value.
//
// Similar to: virsh secret-define.
func (h *Host) ChangeSecret(ctx context.Context, s Secret) error {
	_, err := h.Secret(ctx, s.UUID)
	if problem.Is(err, problem.NotFound) {
		return &problem.Problem{
			Kind: problem.NotFound,
			What: fmt.Sprintf("Secret %s is not on %s any more.", s.UUID, h.name()),
			Why:  "Defined again it would have no value. Nothing was changed.",
			Do:   "Apply again: the plan then makes the secret with its value.",
		}
	}
	if err != nil {
		return err
	}
	return h.DefineSecret(ctx, s)
}

// lateAnswer bounds the look at what became of a call that was not answered.
const lateAnswer = 10 * time.Second

// hasSecret tells whether the host has exactly this secret, also after the end of the context.
func (h *Host) hasSecret(ctx context.Context, s Secret) bool {
	ctx, cancel := grace.Context(ctx, lateAnswer)
	defer cancel()
	found, err := h.Secret(ctx, s.UUID)
	s.UUID = found.UUID
	return err == nil && found == s
}

// secretClash finds the existing secret because of which libvirt refused a definition. It returns the refusal as it is where there is none.
func (h *Host) secretClash(ctx context.Context, s Secret, id string, refusal error) error {
	p := &problem.Problem{Kind: problem.Exists, What: fmt.Sprintf("Could not define secret %s on %s.", id, h.name()), Raw: rawOf(refusal)}
	if other, err := h.SecretByUsage(ctx, s.UsageType, s.UsageName); err == nil && other.UUID != id {
		p.Why = fmt.Sprintf("The usage name %q belongs to secret %s already, and a usage name is unique on a host.", s.UsageName, other.UUID)
		p.Do = "Import that secret, or use another usage name."
		if s.UsageType == UsageCeph {
			p.Do = "Import that secret, or use another usage name: one that holds the cluster's fsid, client.libvirt@FSID, can't clash."
		}
		return p
	}
	same, err := h.Secret(ctx, id)
	switch {
	case err != nil:
		return refusal
	case same.UsageType != s.UsageType || same.UsageName != s.UsageName:
		p.Why = fmt.Sprintf("This UUID belongs to another secret already, of usage type %q and usage name %q.", same.UsageType, same.UsageName)
		p.Do = "Use another uuid, or remove that secret if nothing uses it (virsh secret-undefine)."
		return p
	case same.Private && !s.Private:
		p.Kind = problem.Refused
		p.Why = "The secret is private, and libvirt never makes a private secret readable."
		p.Do = "Keep private = true, or undefine the secret and define it anew."
		return p
	}
	return refusal
}

// UndefineSecret removes a secret and its value. libvirt itself doesn't check whether a domain refers to it: see SecretUsers.
// A secret that isn't there is problem.NotFound.
//
// Similar to: virsh secret-undefine.
func (h *Host) UndefineSecret(ctx context.Context, uuid string) error {
	op := operation{doing: fmt.Sprintf("undefine secret %s", uuid), absent: rpc.ErrNoSecret, changes: true}
	found, err := h.lookupSecret(ctx, op, uuid)
	if err != nil {
		return err
	}
	_, err = change(ctx, h, op, onSecret("SecretUndefine", uuid), nothing(func(l *rpc.Libvirt) error { return l.SecretUndefine(found) }))
	return err
}

func (h *Host) lookupSecret(ctx context.Context, op operation, uuid string) (rpc.Secret, error) {
	_, id, ok := normalUUID(uuid)
	if !ok {
		return rpc.Secret{}, h.notUUID("secret", uuid)
	}
	return read(ctx, h, op, onSecret("SecretLookupByUUID", uuid), func(l *rpc.Libvirt) (rpc.Secret, error) {
		return l.SecretLookupByUUID(id)
	})
}

func (h *Host) describeSecret(ctx context.Context, op operation, found rpc.Secret) (Secret, error) {
	text, err := read(ctx, h, op, onSecret("SecretGetXMLDesc", uuidText(found.UUID)), func(l *rpc.Libvirt) (string, error) {
		return l.SecretGetXMLDesc(found, 0)
	})
	if err != nil {
		return Secret{}, err
	}
	var doc libvirtxml.Secret
	if err := unmarshalXML(text, &doc); err != nil {
		return Secret{}, h.fail(op, err)
	}
	s := Secret{UUID: doc.UUID, Description: doc.Description, Ephemeral: doc.Ephemeral == "yes", Private: doc.Private == "yes"}
	if doc.Usage != nil {
		s.UsageType = doc.Usage.Type
		switch s.UsageType {
		case UsageCeph:
			s.UsageName = doc.Usage.Name
		case UsageVolume:
			s.UsageName = doc.Usage.Volume
		}
	}
	return s, nil
}

func (h *Host) notUUID(of, text string) error {
	return &problem.Problem{
		Kind: problem.Invalid,
		What: fmt.Sprintf("%q is not the UUID of a %s on %s.", text, of, h.name()),
		Do:   "Write it as 32 hexadecimal digits with dashes, as virsh shows it.",
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
