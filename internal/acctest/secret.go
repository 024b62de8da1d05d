//go:build cgo

package acctest

import (
	"testing"

	"libvirt.org/go/libvirtxml"
)

// Secret is a secret's definition as virsh shows it, read without our clients.
type Secret = libvirtxml.Secret

// SecretOf is the definition of a secret. Similar to: virsh secret-dumpxml UUID.
func SecretOf(t testing.TB, hypervisor, uuid string) *Secret {
	t.Helper()
	doc := &Secret{}
	if err := doc.Unmarshal(Virsh(t, hypervisor, "secret-dumpxml", uuid)); err != nil {
		t.Fatal(err)
	}
	return doc
}
