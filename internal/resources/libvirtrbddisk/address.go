package libvirtrbddisk

import (
	"fmt"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"libvirt.org/go/libvirtxml"
)

// Types of an address.
const (
	addressPCI   = "pci"
	addressDrive = "drive"
)

var addressTypes = map[string]attr.Type{
	"type": types.StringType, "domain": types.StringType, "bus": types.StringType, "slot": types.StringType, "function": types.StringType,
	"controller": types.StringType, "target": types.StringType, "unit": types.StringType,
}

// part is a number within an address, as libvirt writes it.
type part struct {
	name   string
	format string
	limit  uint64
}

// addressParts of each type, in the order of the XML.
var addressParts = map[string][]part{
	addressPCI:   {{"domain", "0x%04x", 0xffffffff}, {"bus", "0x%02x", 0xff}, {"slot", "0x%02x", 0x1f}, {"function", "0x%x", 7}},
	addressDrive: {{"controller", "%d", 0xffffffff}, {"bus", "%d", 0xffffffff}, {"target", "%d", 0xffffffff}, {"unit", "%d", 0xffffffff}},
}

// addressOf tells a disk's address type from its bus; empty where neither fits.
func addressOf(bus string) string {
	switch bus {
	case "virtio":
		return addressPCI
	case "scsi", "sata", "ide":
		return addressDrive
	}
	return ""
}

// parsePart reads a number in decimal, or with 0x in hexadecimal.
func parsePart(text string, limit uint64) (uint64, error) {
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil || n > limit {
		return 0, fmt.Errorf("%q is not a number from 0 to %d (0x%x), decimal or with 0x in hexadecimal", text, limit, limit)
	}
	return n, nil
}

func addressPart(object types.Object, name string) types.String {
	value, ok := object.Attributes()[name].(types.String)
	if !ok {
		return types.StringNull()
	}
	return value
}

// numbers of an address by the names of its parts; absent ones are 0, as libvirt reads them.
func addressNumbers(object types.Object) (kind string, numbers []uint) {
	kind = addressPart(object, "type").ValueString()
	for _, p := range addressParts[kind] {
		n, err := parsePart(addressPart(object, p.name).ValueString(), p.limit)
		if err != nil {
			n = 0
		}
		numbers = append(numbers, uint(n))
	}
	return kind, numbers
}

func sameAddress(a, b *model) bool {
	if a.Address.IsNull() || b.Address.IsNull() {
		return a.Address.IsNull() && b.Address.IsNull()
	}
	kind, numbers := addressNumbers(a.Address)
	other, others := addressNumbers(b.Address)
	return kind == other && fmt.Sprint(numbers) == fmt.Sprint(others)
}

// setAddress writes the address. What else a PCI address has stays.
func setAddress(m *model, disk *libvirtxml.DomainDisk) {
	kind, n := addressNumbers(m.Address)
	switch kind {
	case addressPCI:
		var pci libvirtxml.DomainAddressPCI
		if disk.Address != nil && disk.Address.PCI != nil {
			pci = *disk.Address.PCI
		}
		pci.Domain, pci.Bus, pci.Slot, pci.Function = &n[0], &n[1], &n[2], &n[3]
		disk.Address = &libvirtxml.DomainAddress{PCI: &pci}
	case addressDrive:
		disk.Address = &libvirtxml.DomainAddress{Drive: &libvirtxml.DomainAddressDrive{Controller: &n[0], Bus: &n[1], Target: &n[2], Unit: &n[3]}}
	default:
		disk.Address = nil
	}
}

// fromAddress reads an address; one of another type, as on other machines, is left alone and not shown.
func fromAddress(address *libvirtxml.DomainAddress) types.Object {
	switch {
	case address == nil:
	case address.PCI != nil:
		a := address.PCI
		return addressObject(addressPCI, a.Domain, a.Bus, a.Slot, a.Function)
	case address.Drive != nil:
		a := address.Drive
		return addressObject(addressDrive, a.Controller, a.Bus, a.Target, a.Unit)
	}
	return types.ObjectNull(addressTypes)
}

func addressObject(kind string, numbers ...*uint) types.Object {
	values := make(map[string]attr.Value, len(addressTypes))
	for name := range addressTypes {
		values[name] = types.StringNull()
	}
	values["type"] = types.StringValue(kind)
	for i, p := range addressParts[kind] {
		var n uint
		if numbers[i] != nil {
			n = *numbers[i]
		}
		values[p.name] = types.StringValue(fmt.Sprintf(p.format, n))
	}
	return types.ObjectValueMust(addressTypes, values)
}

// planAddress completes a configured address: a part that is left out is 0, and one that belongs to the other type is null.
// Parts that mean the recorded number keep its spelling.
func planAddress(config, state types.Object) types.Object {
	if config.IsNull() || config.IsUnknown() {
		return config
	}
	kind := addressPart(config, "type")
	if kind.IsUnknown() {
		return types.ObjectUnknown(addressTypes)
	}
	values := make(map[string]attr.Value, len(addressTypes))
	for name := range addressTypes {
		values[name] = types.StringNull()
	}
	values["type"] = kind
	for _, p := range addressParts[kind.ValueString()] {
		value := addressPart(config, p.name)
		if value.IsNull() {
			value = types.StringValue(fmt.Sprintf(p.format, 0))
		}
		recorded := addressPart(state, p.name)
		n, err := parsePart(value.ValueString(), p.limit)
		was, errWas := parsePart(recorded.ValueString(), p.limit)
		if !value.IsUnknown() && err == nil && errWas == nil && n == was {
			value = recorded
		}
		values[p.name] = value
	}
	return types.ObjectValueMust(addressTypes, values)
}
