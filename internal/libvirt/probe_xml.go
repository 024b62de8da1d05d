package libvirt

import (
	"encoding/xml"
	"time"

	"github.com/google/uuid"
	"libvirt.org/go/libvirtxml"
)

// probePrefix starts the name of every probe.
const probePrefix = "terraform-ceph-probe-"

// probeMark says in a probe's metadata until when it may exist, and for which process.
type probeMark struct {
	XMLName xml.Name `xml:"https://github.com/ceph-libvirt/terraform-provider-ceph probe"`
	Until   string   `xml:"until,attr"`
	Owner   string   `xml:"owner,attr,omitempty"`
}

// probeXML describes the smallest domain that opens a disk as a guest like this one would.
func probeXML(id uuid.UUID, like Domain, disk Disk, mark probeMark) (string, error) {
	var model *libvirtxml.Domain
	for _, definition := range []*Definition{like.Saved, like.Live} {
		if definition != nil {
			model = definition.doc
		}
	}
	element, err := disk.xml()
	if err != nil {
		return "", err
	}
	metadata, err := xml.Marshal(mark)
	if err != nil {
		return "", err
	}
	var controllers []libvirtxml.DomainController
	if disk.Bus != "usb" {
		controllers = []libvirtxml.DomainController{{Type: "usb", Model: "none"}}
	}
	probe := libvirtxml.Domain{
		Type:        "qemu",
		Name:        probePrefix + id.String(),
		UUID:        id.String(),
		Description: "Checks whether this host can open an RBD image. It ends by itself and may be destroyed at any time.",
		Metadata:    &libvirtxml.DomainMetadata{XML: string(metadata)},
		Memory:      &libvirtxml.DomainMemory{Value: 4, Unit: "MiB"},
		VCPU:        &libvirtxml.DomainVCPU{Value: 1},
		OS:          &libvirtxml.DomainOS{Type: &libvirtxml.DomainOSType{Type: "hvm"}},
		OnPoweroff:  "destroy",
		OnReboot:    "destroy",
		OnCrash:     "destroy",
		Devices: &libvirtxml.DomainDeviceList{
			Controllers: controllers,
			MemBalloon:  &libvirtxml.DomainMemBalloon{Model: "none"},
			Disks:       []domainDisk{probeDisk(element)},
		},
	}
	if model != nil {
		probe.Type = model.Type
		if model.OS != nil && model.OS.Type != nil {
			*probe.OS.Type = *model.OS.Type
		}
		if model.Devices != nil {
			probe.Devices.Emulator = model.Devices.Emulator
		}
		// Elsewhere than on x86 the default CPU model doesn't start with KVM.
		if arch := probe.OS.Type.Arch; arch != "x86_64" && arch != "i686" && model.CPU != nil {
			cpu := *model.CPU
			cpu.Topology, cpu.Numa = nil, nil // They count the guest's CPUs, of which the probe has one.
			probe.CPU = &cpu
		}
	}
	return probe.Marshal()
}

// probeDisk is the disk without what only makes sense beside the guest's other devices.
func probeDisk(disk domainDisk) domainDisk {
	disk.Address, disk.Alias, disk.Boot = nil, nil, nil
	disk.IOTune, disk.ThrottleFilters = nil, nil
	disk.Mirror, disk.BackingStore = nil, nil
	if disk.Driver != nil {
		driver := *disk.Driver
		driver.IOThread, driver.IOThreads = nil, nil
		disk.Driver = &driver
	}
	return disk
}

// probeLeftOver reports whether a domain is a probe left over from a killed run: its process has ended, where that can be seen
// from here, or its time is over.
func probeLeftOver(doc *libvirtxml.Domain, now time.Time) bool {
	if doc.Metadata == nil {
		return false
	}
	var mark probeMark
	if err := xml.Unmarshal([]byte(doc.Metadata.XML), &mark); err != nil {
		return false
	}
	if processGone(mark.Owner) {
		return true
	}
	until, err := time.Parse(time.RFC3339, mark.Until)
	return err == nil && now.After(until)
}
