//go:build cgo

package acctest

import (
	"testing"

	"libvirt.org/go/libvirtxml"
)

// Secret is the definition of a secret, as virsh shows it, read without the provider's clients.
type Secret = libvirtxml.Secret

// SecretOf returns the definition of a secret. Similar to: virsh secret-dumpxml UUID.
func SecretOf(t testing.TB, hypervisor, uuid string) *Secret {
	t.Helper()
	doc := &Secret{}
	if err := doc.Unmarshal(Virsh(t, hypervisor, "secret-dumpxml", uuid)); err != nil {
		t.Fatal(err)
	}
	return doc
}
