//go:build cgo

package acctest

import (
	"context"
	"fmt"
	"testing"

	"libvirt.org/go/libvirtxml"
)

// DefineDomain defines a domain that never runs, with the RBD image POOL/IMAGE of a cluster as its disk vda, until the
// test ends.
func DefineDomain(t *testing.T, hypervisor, name, cluster, image string) {
	t.Helper()
	monitor := Bed(t).Cluster(cluster).Monitors[0]
	domain, err := (&libvirtxml.Domain{
		Type: "qemu", Name: name, Memory: &libvirtxml.DomainMemory{Value: 16, Unit: "MiB"},
		OS: &libvirtxml.DomainOS{Type: &libvirtxml.DomainOSType{Type: "hvm"}},
		Devices: &libvirtxml.DomainDeviceList{Disks: []libvirtxml.DomainDisk{{
			Device: "disk", Target: &libvirtxml.DomainDiskTarget{Dev: "vda", Bus: "virtio"},
			Source: &libvirtxml.DomainDiskSource{Network: &libvirtxml.DomainDiskSourceNetwork{
				Protocol: "rbd", Name: image, Hosts: []libvirtxml.DomainDiskSourceHost{{Name: monitor.Host, Port: fmt.Sprint(monitor.V1Port)}},
			}},
		}}},
	}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Bed(t).Hypervisor(hypervisor).VirshIn(context.Background(), domain, "define", "/dev/stdin"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = Bed(t).Hypervisor(hypervisor).Virsh(context.Background(), "undefine", name) })
}
