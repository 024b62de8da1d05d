//go:build cgo

package acctest

import (
	"fmt"
	"testing"

	"libvirt.org/go/libvirtxml"
)

// Disk is the XML element of a disk, as virsh shows it, read without the provider's clients.
type Disk = libvirtxml.DomainDisk

// DiskOf returns the disk at a target in the saved or live definition of a domain, or nil where there is none.
// Similar to: virsh dumpxml DOMAIN --inactive.
func DiskOf(t testing.TB, hypervisor, domain, target string, saved bool) *Disk {
	t.Helper()
	doc := DomainOf(t, hypervisor, domain, saved)
	for i := range doc.Devices.Disks {
		if doc.Devices.Disks[i].Target.Dev == target {
			return &doc.Devices.Disks[i]
		}
	}
	return nil
}

// ParseDisk reads the XML of a disk.
func ParseDisk(t testing.TB, text string) *Disk {
	t.Helper()
	disk := &Disk{}
	if err := disk.Unmarshal(text); err != nil {
		t.Fatal(err)
	}
	return disk
}

// RBDDisk returns a disk as somebody would write it by hand: the image POOL/IMAGE of a cluster, opened as a user whose key a secret
// holds. An empty user leaves out the secret too.
func RBDDisk(t testing.TB, cluster, image, target, user, secretUUID string) *Disk {
	t.Helper()
	source := &libvirtxml.DomainDiskSourceNetwork{Protocol: "rbd", Name: image}
	for _, m := range bed.Cluster(cluster).Monitors {
		source.Hosts = append(source.Hosts, libvirtxml.DomainDiskSourceHost{Name: m.Host, Port: fmt.Sprint(m.V1Port)})
	}
	if user != "" {
		source.Auth = &libvirtxml.DomainDiskAuth{Username: user, Secret: &libvirtxml.DomainDiskSecret{Type: "ceph", UUID: secretUUID}}
	}
	return &Disk{
		Device: "disk", Driver: &libvirtxml.DomainDiskDriver{Name: "qemu", Type: "raw"},
		Source: &libvirtxml.DomainDiskSource{Network: source}, Target: &libvirtxml.DomainDiskTarget{Dev: target, Bus: "virtio"},
	}
}
