//go:build cgo

package acctest

import (
	"fmt"
	"testing"

	"libvirt.org/go/libvirtxml"
)

// Disk is a disk's element as virsh shows it, read without our clients.
type Disk = libvirtxml.DomainDisk

// DiskOf is the disk at a target of a domain, running or saved; nil where there is none.
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

// ParseDisk is the disk of a text that somebody writes by hand.
func ParseDisk(t testing.TB, text string) *Disk {
	t.Helper()
	disk := &Disk{}
	if err := disk.Unmarshal(text); err != nil {
		t.Fatal(err)
	}
	return disk
}

// RBDDisk is a disk as somebody writes it by hand: the image POOL/IMAGE of a cluster, read as a user whose key a secret holds.
// Without a user it names no secret either.
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
