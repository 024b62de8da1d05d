package libvirt

import (
	"slices"
	"strings"

	"libvirt.org/go/libvirtxml"
)

// libvirt puts seven disks of bus scsi on each controller, by the letters of their targets: sdh is the first on controller 1, and where
// that isn't there, it is plugged in too, which takes a PCI port.
const disksOfAController = 7

// mostUnits is how many units of a controller are looked at. virtio-scsi has far more.
const mostUnits = 256

// PlaceOnSCSI is the place that a new disk on bus scsi gets on a virtio-scsi controller of the domain, where libvirt would give it a
// controller that isn't there; nil where libvirt chooses. It is none that libvirt chooses by itself for another target.
func (d Domain) PlaceOnSCSI(disk Disk) *Address {
	index, ok := indexOfTarget(disk.Target)
	if disk.Bus != "scsi" || disk.hasAddress() || !ok || index < disksOfAController {
		return nil
	}
	var definitions []*Definition
	for _, one := range []*Definition{d.Live, d.Saved} {
		if one != nil && one.doc != nil && one.doc.Devices != nil {
			definitions = append(definitions, one)
		}
	}
	inAll := func(number uint, only bool) bool {
		return !slices.ContainsFunc(definitions, func(one *Definition) bool { return !one.hasSCSI(number, only) })
	}
	if len(definitions) == 0 || inAll(index/disksOfAController, false) {
		return nil
	}
	taken, ok := drivePlaces(definitions)
	if !ok {
		return nil
	}
	for _, c := range definitions[0].doc.Devices.Controllers {
		number := value(c.Index)
		if c.Type != "scsi" || !inAll(number, true) {
			continue
		}
		for unit := index; unit < mostUnits; unit++ {
			place := []uint{number, 0, 0, unit}
			if !slices.ContainsFunc(taken, func(there []uint) bool { return slices.Equal(there, place) }) {
				return &Address{Type: AddressDrive, Numbers: place}
			}
		}
	}
	return nil
}

// indexOfTarget is the number of a target by its letters: 0 for sda, 26 for sdaa.
func indexOfTarget(target string) (uint, bool) {
	letters, ok := strings.CutPrefix(target, "sd")
	if !ok || letters == "" || len(letters) > 3 {
		return 0, false
	}
	n := uint(0)
	for _, letter := range letters {
		if letter < 'a' || letter > 'z' {
			return 0, false
		}
		n = n*26 + uint(letter-'a') + 1
	}
	return n - 1, true
}

// hasSCSI tells whether the definition has a SCSI controller of this number; virtio is whether it has to be of a kind that takes as many
// disks as are looked for.
func (d *Definition) hasSCSI(number uint, virtio bool) bool {
	return slices.ContainsFunc(d.doc.Devices.Controllers, func(c libvirtxml.DomainController) bool {
		return c.Type == "scsi" && value(c.Index) == number && (!virtio || strings.HasPrefix(c.Model, "virtio-"))
	})
}

// drivePlaces are the places of all devices of the definitions on controllers of any kind; false where a definition can't be read.
func drivePlaces(definitions []*Definition) ([][]uint, bool) {
	var places [][]uint
	for _, definition := range definitions {
		addresses, err := definition.deviceAddresses(AddressDrive)
		if err != nil {
			return nil, false
		}
		for i := range addresses {
			var place []uint
			for _, part := range AddressParts[AddressDrive] {
				place = append(place, uint(number(addresses[i].attr(part.Name))))
			}
			places = append(places, place)
		}
	}
	return places, true
}
