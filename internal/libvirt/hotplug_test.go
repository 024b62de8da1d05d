package libvirt

import (
	"testing"

	"libvirt.org/go/libvirtxml"
)

func TestDiskHotPlug(t *testing.T) {
	for _, c := range []struct {
		arch, machine string
		acpi, scsi    bool
		want          map[string]HotPlug
	}{
		{"x86_64", "pc-q35-7.2", true, false, map[string]HotPlug{
			"virtio": PlugsIn, "scsi": PlugsIn, "usb": PlugsIn, "sata": PlugsNever,
			"ide": PlugsNever,
		}},
		{"x86_64", "pc-q35-7.2", false, false, map[string]HotPlug{
			"virtio": plugsUnseen, "scsi": plugsUnseen, "usb": PlugsIn,
			"sata": PlugsNever,
		}},
		{"x86_64", "pc-q35-7.2", false, true, map[string]HotPlug{"virtio": plugsUnseen, "scsi": PlugsIn}},
		{"x86_64", "pc-i440fx-7.2", false, false, map[string]HotPlug{"virtio": PlugsNever, "scsi": PlugsNever, "usb": PlugsIn}},
		{"x86_64", "pc-i440fx-7.2", false, true, map[string]HotPlug{"virtio": PlugsNever, "scsi": PlugsIn}},
		{"i686", "pc-i440fx-7.2", false, false, map[string]HotPlug{"virtio": PlugsNever}},
		{"aarch64", "virt-7.2", false, false, map[string]HotPlug{"virtio": PlugsIn, "scsi": PlugsIn}},
		{"s390x", "s390-ccw-virtio-7.2", false, false, map[string]HotPlug{"virtio": PlugsIn}},
	} {
		running := libvirtxml.Domain{
			OS:      &libvirtxml.DomainOS{Type: &libvirtxml.DomainOSType{Arch: c.arch, Machine: c.machine}},
			Devices: &libvirtxml.DomainDeviceList{},
		}
		if c.acpi {
			running.Features = &libvirtxml.DomainFeatureList{ACPI: &libvirtxml.DomainFeature{}}
		}
		if c.scsi {
			running.Devices.Controllers = []libvirtxml.DomainController{{Type: "scsi", Model: "virtio-scsi"}}
		}
		for bus, want := range c.want {
			if got := (&Definition{doc: &running}).HotPlug(bus); got != want {
				t.Errorf("%s %s, acpi %v, scsi %v: bus %s: %v, want %v", c.arch, c.machine, c.acpi, c.scsi, bus, got, want)
			}
		}
	}
	for version, want := range map[Version]HotPlug{
		{}: PlugsNever, {Major: 9}: PlugsNever, {Major: 11, Minor: 3}: PlugsIn, {Major: 12}: PlugsIn,
	} {
		domain := Domain{LibVersion: version}
		for engine, want := range map[string]HotPlug{EngineLibrbd: want, EngineQEMU: PlugsIn} {
			if got := domain.Plugs(Disk{Bus: "virtio", Encryption: Encryption{Format: "luks", Engine: engine}}); got != want {
				t.Errorf("libvirt %s, encryption by %s: %v, want %v", version, engine, got, want)
			}
		}
	}
	if (*Definition)(nil).HotPlug("virtio") != PlugsIn || (*Definition)(nil).HotPlug("sata") != PlugsNever {
		t.Error("a domain that doesn't run")
	}
}
