package libvirt

import (
	"fmt"
	"strconv"
	"strings"

	"libvirt.org/go/libvirtxml"
)

// Types of an address.
const (
	AddressPCI   = "pci"
	AddressDrive = "drive"
)

// Address is where a disk is in the guest's machine: a PCI slot, or a unit of a controller.
type Address struct {
	Type    string // AddressPCI or AddressDrive
	Numbers []uint // of the parts of this type, in the order of AddressParts
}

// AddressPart is a number within an address.
type AddressPart struct {
	Name   string
	Format string // as libvirt writes it, for fmt
	Limit  uint64
}

// AddressParts of each type, in the order of the XML.
var AddressParts = map[string][]AddressPart{
	AddressPCI:   {{"domain", "0x%04x", 0xffffffff}, {"bus", "0x%02x", 0xff}, {"slot", "0x%02x", 0x1f}, {"function", "0x%x", 7}},
	AddressDrive: {{"controller", "%d", 0xffffffff}, {"bus", "%d", 0xffffffff}, {"target", "%d", 0xffffffff}, {"unit", "%d", 0xffffffff}},
}

// addressType tells the type of a disk's address from its bus; empty where neither fits.
func addressType(bus string) string {
	switch bus {
	case "virtio":
		return AddressPCI
	case "scsi", "sata", "ide":
		return AddressDrive
	}
	return ""
}

// addressOf reads an address; nil for one of another type, as on other machines. A number that is left out is 0.
func addressOf(address *libvirtxml.DomainAddress) *Address {
	switch {
	case address == nil:
	case address.PCI != nil:
		a := address.PCI
		return &Address{AddressPCI, []uint{value(a.Domain), value(a.Bus), value(a.Slot), value(a.Function)}}
	case address.Drive != nil:
		a := address.Drive
		return &Address{AddressDrive, []uint{value(a.Controller), value(a.Bus), value(a.Target), value(a.Unit)}}
	}
	return nil
}

// setAddress writes the address. The other attributes of a PCI address stay.
func setAddress(d *Disk, e *domainDisk) {
	if d.Address == nil {
		e.Address = nil
		return
	}
	n := [4]uint{}
	copy(n[:], d.Address.Numbers)
	if d.Address.Type == AddressDrive {
		e.Address = &libvirtxml.DomainAddress{Drive: &libvirtxml.DomainAddressDrive{Controller: &n[0], Bus: &n[1], Target: &n[2], Unit: &n[3]}}
		return
	}
	pci := value(value(e.Address).PCI)
	pci.Domain, pci.Bus, pci.Slot, pci.Function = &n[0], &n[1], &n[2], &n[3]
	e.Address = &libvirtxml.DomainAddress{PCI: &pci}
}

// Parse reads a part in decimal, or with 0x in hexadecimal.
func (p AddressPart) Parse(text string) (uint, error) {
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil || n > p.Limit || strings.Contains(text, "_") {
		return 0, fmt.Errorf("%q is not a number from 0 to %d (0x%x), decimal or with 0x in hexadecimal", text, p.Limit, p.Limit)
	}
	if strings.HasPrefix(text, "0") && len(text) > 1 && !strings.HasPrefix(text, "0x") {
		return uint(n), fmt.Errorf("%q could be meant as octal. Write it decimal, or with 0x in hexadecimal", text)
	}
	return uint(n), nil
}

// Text is a part as libvirt writes it.
func (p AddressPart) Text(n uint) string { return fmt.Sprintf(p.Format, n) }
