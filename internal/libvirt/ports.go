package libvirt

import "strconv"

// slotsOfBus is how many devices a bus of machine type pc has room for, but for slot 0, which is never given to one.
const slotsOfBus = 31

// boardSlots are those of the first bus that libvirt keeps for the board's own devices, whether or not the definition has them: the
// south bridge and the graphics card.
var boardSlots = []uint64{1, 2}

// FreePorts counts the disks on bus virtio for which there is room in the domain's machine: on machine type q35 root ports without a
// device, on pc free slots, each where there is hot-plug. It isn't known of a machine without PCI buses.
//
// Similar to: virsh dumpxml
func (d *Definition) FreePorts() (ports int, known bool) {
	if d == nil || d.doc == nil || d.doc.Devices == nil {
		return 0, false
	}
	addresses, err := d.deviceAddresses("pci")
	if err != nil {
		return 0, false
	}
	taken := map[uint64]map[uint64]bool{} // slots, by bus
	take := func(bus, slot uint64) {
		if taken[bus] == nil {
			taken[bus] = map[uint64]bool{}
		}
		taken[bus][slot] = true
	}
	for i := range addresses {
		take(number(addresses[i].attr("bus")), number(addresses[i].attr("slot")))
	}
	conventional := false
	for _, c := range d.doc.Devices.Controllers {
		bus := uint64(value(c.Index))
		switch {
		case c.Type != "pci":
		case c.Model == "pcie-root-port", c.Model == "pcie-switch-downstream-port":
			known = true
			if len(taken[bus]) == 0 && !withoutHotPlug(c) {
				ports++
			}
		case c.Model == "pci-root":
			known, conventional = true, true
			for _, slot := range boardSlots {
				take(bus, slot)
			}
			if !withoutHotPlug(c) {
				ports += slotsOfBus - len(taken[bus])
			}
		case c.Model == "pci-bridge" && conventional: // after the root: controllers are in the order of their buses
			ports += slotsOfBus - len(taken[bus])
		}
	}
	if known && d.HotPlug("virtio") == PlugsNever {
		return 0, true
	}
	return ports, known
}

// number reads a part of an address; what is left out is 0.
func number(text string) uint64 {
	n, err := strconv.ParseUint(text, 0, 32)
	if err != nil {
		return 0
	}
	return n
}
