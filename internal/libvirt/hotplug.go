package libvirt

import (
	"fmt"
	"slices"
	"strings"

	"libvirt.org/go/libvirtxml"
)

// HotPlug is what is known of a hot-plug before it is tried.
type HotPlug int

const (
	// PlugsIn means that no reason is known why it should fail.
	PlugsIn HotPlug = iota
	// plugsUnseen means that QEMU takes the device, but that the guest may not notice it before it is started again.
	plugsUnseen
	// PlugsNever means that QEMU refuses it.
	PlugsNever
)

// HotPlug tells whether a disk on this bus can be plugged into a running domain. There is no hot-plug on sata and ide; and on x86
// that of a PCI device needs ACPI, which a domain without <acpi/> lacks: machine type pc refuses the device, q35 takes it and tells the
// guest by PCI Express alone. Nor can one be plugged into the only bus of pc where its definition ends that
// (<target hotplug='off'/>). A disk on bus scsi is a PCI device only where its controller has to be plugged in too.
func (d *Definition) HotPlug(bus string) HotPlug {
	var running *libvirtxml.Domain
	if d != nil {
		running = d.doc
	}
	switch {
	case bus == "sata" || bus == "ide":
		return PlugsNever
	case running != nil && onPCI(running, bus) && withoutPlugs(running):
		return PlugsNever
	case running == nil || running.OS == nil || running.OS.Type == nil || running.Features != nil && running.Features.ACPI != nil:
		return PlugsIn
	case !slices.Contains([]string{"x86_64", "i686"}, running.OS.Type.Arch):
		return PlugsIn
	case !onPCI(running, bus):
		return PlugsIn
	case strings.Contains(running.OS.Type.Machine, "q35"):
		return plugsUnseen
	}
	return PlugsNever
}

// onPCI tells whether a disk on this bus is a PCI device, or comes with one: its controller, where the domain has none yet.
func onPCI(running *libvirtxml.Domain, bus string) bool {
	return bus == "virtio" || bus == "scsi" && !hasController(running, "scsi")
}

// withoutPlugs tells whether a machine of type pc has no bus with hot-plug. Bridges always have it.
func withoutPlugs(running *libvirtxml.Domain) bool {
	if running.Devices == nil {
		return false
	}
	is := func(model string) func(libvirtxml.DomainController) bool {
		return func(c libvirtxml.DomainController) bool { return c.Type == "pci" && c.Model == model }
	}
	controllers := running.Devices.Controllers
	root := slices.IndexFunc(controllers, is("pci-root"))
	return root >= 0 && withoutHotPlug(controllers[root]) && !slices.ContainsFunc(controllers, is("pci-bridge"))
}

// withoutHotPlug tells whether the definition of a PCI controller ends its hot-plug.
func withoutHotPlug(c libvirtxml.DomainController) bool {
	return c.PCI != nil && c.PCI.Target != nil && c.PCI.Target.Hotplug == "off"
}

// Plugs is HotPlug of the running domain for a disk as a whole: libvirt must hand QEMU the passphrase in time.
func (d Domain) Plugs(disk Disk) HotPlug {
	if disk.Encryption.byLibrbd() && !d.LibVersion.plugsEncrypted() {
		return PlugsNever
	}
	return d.Live.HotPlug(disk.Bus)
}

// plugsEncrypted tells whether this libvirt plugs a disk that librbd decrypts into a running domain. 11.3 was seen to do it; 9.0 hands QEMU
// the passphrase only after QEMU was to open the image. What is between was not tried.
func (v Version) plugsEncrypted() bool { return v.AtLeast(11, 3) }

// withoutHotPlugModels are the PCI controllers whose buses have no hot-plug, whatever their definition says.
var withoutHotPlugModels = []string{"pcie-root", "pcie-expander-bus", "dmi-to-pci-bridge"}

// keeps tells why a running domain can't give a disk up, whatever its guest does: the end of a sentence, empty where no reason is known.
// There is no hot-unplug on sata and ide. A PCI device stays where the bus that it is on has no hot-plug, and libvirt takes no function
// away from a slot that others share.
func (d *Definition) keeps(disk Disk) string {
	if disk.Bus == "sata" || disk.Bus == "ide" {
		return fmt.Sprintf("there is no hot-plug on bus %q", disk.Bus)
	}
	if d == nil || d.doc == nil || d.doc.Devices == nil || disk.Address == nil || disk.Address.Type != AddressPCI {
		return ""
	}
	at := disk.Address.Numbers
	for _, c := range d.doc.Devices.Controllers {
		switch {
		case c.Type != "pci" || value(c.Index) != at[1]:
		case withoutHotPlug(c):
			return "its PCI controller has <target hotplug='off'/>"
		case slices.Contains(withoutHotPlugModels, c.Model):
			return fmt.Sprintf("its PCI bus, that of the controller %s, has no hot-plug", c.Model)
		case c.Model == "pci-root" && d.HotPlug(disk.Bus) == PlugsNever:
			return withoutACPI
		}
	}
	addresses, err := d.deviceAddresses(AddressPCI)
	if err != nil {
		return "" // libvirt tells.
	}
	for i := range addresses {
		other := func(part string) uint64 { return number(addresses[i].attr(part)) }
		sameSlot := other("domain") == uint64(at[0]) && other("bus") == uint64(at[1]) && other("slot") == uint64(at[2])
		if sameSlot && other("function") != uint64(at[3]) {
			return "it shares its PCI slot with another device"
		}
	}
	return ""
}

// withoutACPI is why a PCI device of machine type pc is neither plugged in nor out: the end of a sentence.
const withoutACPI = "the domain has no <acpi/> in <features>, without which a PCI device can't be plugged in or out on its machine type"

func hasController(domain *libvirtxml.Domain, kind string) bool {
	return domain.Devices != nil &&
		slices.ContainsFunc(domain.Devices.Controllers, func(c libvirtxml.DomainController) bool { return c.Type == kind })
}
