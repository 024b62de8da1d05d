package testbed

import (
	"libvirt.org/go/libvirtxml"
)

// defaultSparePorts is how many disks can be plugged into a running q35 guest. Each takes a port.
const defaultSparePorts = 10

const defaultMemoryMiB = 192

// domain returns the guest's definition, without any disk.
func (o GuestOptions) domain(uuid, kernel, initramfs, socket, log string) *libvirtxml.Domain {
	// With panic=1 a guest that panics boots again, which its console shows. The self-tests of ciphers take a tenth of
	// the boot, code that patches itself (noreplace-smp) and security modules a fifth.
	// Without no_timer_check a kernel that is emulated on a busy machine can take its timer for broken, and never boots.
	cmdline := "console=ttyS0 quiet panic=1 nokaslr mitigations=off cryptomgr.notests no_timer_check noreplace-smp lsm="
	if o.NoDrivers {
		// Without drivers the kernel would still release a device; without hot-plug it can't.
		cmdline += " testbed.nodrivers acpiphp.disable=1 pcie_ports=compat"
	}
	zero := uint(0)
	controllers := []libvirtxml.DomainController{{Type: "usb", Model: "none"}}
	if o.Machine == "q35" {
		controllers = append(controllers, libvirtxml.DomainController{Type: "pci", Index: &zero, Model: "pcie-root"})
		for i := range o.SparePorts {
			index := uint(i + 1)
			controllers = append(controllers, libvirtxml.DomainController{Type: "pci", Index: &index, Model: "pcie-root-port"})
		}
	}
	if o.SCSI {
		controllers = append(controllers, libvirtxml.DomainController{Type: "scsi", Model: "virtio-scsi"})
	}
	port := uint(0)
	return &libvirtxml.Domain{
		Type:   "qemu",
		Name:   o.Name,
		UUID:   uuid,
		Memory: &libvirtxml.DomainMemory{Value: uint(o.MemoryMiB), Unit: "MiB"},
		VCPU:   &libvirtxml.DomainVCPU{Value: 1},
		OS: &libvirtxml.DomainOS{
			Type:    &libvirtxml.DomainOSType{Arch: "x86_64", Machine: o.Machine, Type: "hvm"},
			Kernel:  kernel,
			Initrd:  initramfs,
			Cmdline: cmdline,
		},
		Features: &libvirtxml.DomainFeatureList{ACPI: &libvirtxml.DomainFeature{}},
		Devices: &libvirtxml.DomainDeviceList{
			Controllers: controllers,
			MemBalloon:  &libvirtxml.DomainMemBalloon{Model: "none"},
			Serials: []libvirtxml.DomainSerial{{
				Source: &libvirtxml.DomainChardevSource{UNIX: &libvirtxml.DomainChardevSourceUNIX{Mode: "bind", Path: socket}},
				Log:    &libvirtxml.DomainChardevLog{File: log, Append: "off"},
				Target: &libvirtxml.DomainSerialTarget{Port: &port},
			}},
		},
	}
}
