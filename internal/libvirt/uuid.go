package libvirt

import (
	"strings"

	rpc "github.com/digitalocean/go-libvirt"
	"github.com/google/uuid"
)

// CanonicalUUID returns a UUID as libvirt and Ceph write it, in lower case with dashes; a text that is none stays as it is.
func CanonicalUUID(text string) string {
	parsed, err := parseUUID(text)
	if err != nil {
		return text
	}
	return parsed.String()
}

// SameUUID compares UUIDs by meaning: upper case and a form without dashes are the same.
func SameUUID(a, b string) bool { return strings.EqualFold(CanonicalUUID(a), CanonicalUUID(b)) }

func normalUUID(s string) (string, rpc.UUID, bool) {
	u, err := parseUUID(strings.TrimSpace(s))
	if err != nil {
		return "", rpc.UUID{}, false
	}
	return u.String(), rpc.UUID(u), true
}

// parseUUID is stricter than [uuid.Parse], which takes any two characters for braces.
func parseUUID(text string) (uuid.UUID, error) {
	if err := uuid.Validate(text); err != nil {
		return uuid.UUID{}, err
	}
	return uuid.Parse(text)
}

func uuidText(u rpc.UUID) string { return uuid.UUID(u).String() }
