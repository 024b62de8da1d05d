package libvirt

import (
	"fmt"
	"strings"
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

// What keeps a running guest from giving a disk up is seen in the definition: where the disk is, and who shares its place.
func TestADiskThatStays(t *testing.T) {
	const (
		os     = "<os><type arch='x86_64' machine='pc'>hvm</type></os>"
		acpi   = "<features><acpi/></features>"
		pci    = "<controller type='pci' index='0' model='pci-root'/>"
		pcie   = "<controller type='pci' index='0' model='pcie-root'/>"
		port   = "<controller type='pci' index='1' model='pcie-root-port'><address type='pci' slot='0x02' function='0x1'/></controller>"
		fixed  = "<controller type='pci' index='1' model='pcie-root-port'><target chassis='1' hotplug='off'/></controller>"
		bridge = "<controller type='pci' index='1' model='pci-bridge'/>"
		dmi    = "<controller type='pci' index='1' model='dmi-to-pci-bridge'/>"
		beside = "<interface type='user'><address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x1'/></interface>"
		apart  = "<interface type='user'><address type='pci' domain='0x0000' bus='0x01' slot='0x01' function='0x1'/></interface>"
	)
	at := func(bus, slot int) string {
		return fmt.Sprintf("<disk type='network' device='disk'><target dev='vdb' bus='virtio'/><address type='pci' domain='0x0000'"+
			" bus='0x%02x' slot='0x%02x' function='0x0'/></disk>", bus, slot)
	}
	on := func(bus string) string {
		return "<disk type='network' device='disk'><target dev='vdb' bus='" + bus + "'/><address type='drive' controller='0' bus='0' target='0'" +
			" unit='0'/></disk>"
	}
	for name, c := range map[string]struct{ inner, devices, words string }{
		"on a port":                      {acpi, pcie + port + at(1, 0), ""},
		"on a port without hot-plug":     {acpi, pcie + fixed + at(1, 0), "hotplug='off'"},
		"beside a port without hot-plug": {acpi, pcie + fixed + at(2, 0), ""},
		"on pcie.0":                      {acpi, pcie + port + at(0, 2), "the controller pcie-root, has no hot-plug"},
		"on a bridge without":            {acpi, pcie + dmi + at(1, 0), "the controller dmi-to-pci-bridge, has no hot-plug"},
		"in a slot with others":          {acpi, pcie + port + at(1, 0) + beside, "shares its PCI slot"},
		"in a slot of its own":           {acpi, pcie + port + at(1, 0) + apart, ""},
		"on pc":                          {acpi, pci + at(0, 5), ""},
		"on pc without ACPI":             {"", pci + at(0, 5), "<acpi/>"},
		"on a bridge without ACPI":       {"", pci + bridge + at(1, 5), ""},
		"on SCSI":                        {"", pci + on("scsi"), ""},
		"on SATA":                        {acpi, pcie + on("sata"), `no hot-plug on bus "sata"`},
	} {
		domain := runningDomain(t, os+c.inner+"<devices>"+c.devices+"</devices>")
		got := domain.Live.keeps(domain.Live.Disks[0])
		if !strings.Contains(got, c.words) || (got == "") != (c.words == "") {
			t.Errorf("%s: %q, want %q", name, got, c.words)
		}
	}
}
