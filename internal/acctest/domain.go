//go:build cgo

package acctest

import (
	"context"
	"testing"

	"libvirt.org/go/libvirtxml"
)

// Domain is the definition of a domain, as virsh shows it, read without the provider's clients.
type Domain = libvirtxml.Domain

// DomainOf returns the saved or live definition of a domain. Similar to: virsh dumpxml DOMAIN --inactive.
func DomainOf(t testing.TB, hypervisor, domain string, saved bool) *Domain {
	t.Helper()
	args := []string{"dumpxml", domain}
	if saved {
		args = append(args, "--inactive")
	}
	doc := &Domain{}
	if err := doc.Unmarshal(Virsh(t, hypervisor, args...)); err != nil {
		t.Fatal(err)
	}
	return doc
}

// XML returns the text of a definition, or of a part of it, as virsh reads it.
func XML(t testing.TB, element libvirtxml.Document) string {
	t.Helper()
	text, err := element.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// DefineDomain defines a domain that never runs, with the RBD image POOL/IMAGE of a cluster as its disk vda. It is undefined when
// the test ends. Similar to: virsh define FILE.
func DefineDomain(t *testing.T, hypervisor, name, cluster, image string) {
	t.Helper()
	Bed(t)
	VirshIn(t, hypervisor, XML(t, &Domain{
		Type: "qemu", Name: name, Memory: &libvirtxml.DomainMemory{Value: 16, Unit: "MiB"},
		OS:      &libvirtxml.DomainOS{Type: &libvirtxml.DomainOSType{Type: "hvm"}},
		Devices: &libvirtxml.DomainDeviceList{Disks: []Disk{*RBDDisk(t, cluster, image, "vda", "", "")}},
	}), "define", "/dev/stdin")
	t.Cleanup(func() { _, _ = Bed(t).Hypervisor(hypervisor).Virsh(context.Background(), "undefine", name) })
}
