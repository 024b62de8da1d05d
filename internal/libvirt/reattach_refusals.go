package libvirt

import (
	"fmt"
	"slices"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// HindersReattach tells why a disk of the running domain can't, or must not, be taken from it and attached again, whatever is asked for:
// the end of a sentence. It is empty where no reason is known.
func (d Domain) HindersReattach(managed ManagedDisk, found Disks) string {
	live := *found.Live
	switch {
	case managed.ExchangedIn(found) != nil, managed.foreignIn(found) != nil:
		return "somebody has given it another source"
	case d.Live.keeps(live) != "":
		return d.Live.keeps(live)
	case d.Live.HotPlug(live.Bus) == PlugsNever:
		return withoutACPI
	case d.Plugs(live) == PlugsNever:
		return fmt.Sprintf("libvirt %s can't attach a disk that librbd decrypts to a running domain", d.LibVersion)
	case d.Live.bootedFrom(live):
		return "the domain was booted from it"
	}
	return ""
}

// bootedFrom tells whether a running domain, as far as its definition tells, was booted from the disk: the first of the disks in the boot
// order, or the first of all where no device has a place in one.
func (d *Definition) bootedFrom(disk Disk) bool {
	if d == nil || d.doc == nil || d.doc.OS != nil && d.doc.OS.Kernel != "" {
		return false
	}
	first := slices.IndexFunc(d.Disks, func(other Disk) bool { return other.Device != DeviceCDROM })
	for i, other := range d.Disks {
		if other.BootOrder > 0 && (d.Disks[max(first, 0)].BootOrder == 0 || other.BootOrder < d.Disks[max(first, 0)].BootOrder) {
			first = i
		}
	}
	return first >= 0 && d.Disks[first].Alias == disk.Alias && d.Disks[first].Target == disk.Target
}

// RefuseReattach refuses settings with which the running domain could not take a disk again after it was detached: what its definition
// lacks or another device has, and what this release doesn't know of the disk and would lose. An address counts where it was chosen.
func (h *Host) RefuseReattach(domain Domain, live, wanted Disk, chosen bool) error {
	if err := h.RefuseLoss(domain.Name, live); err != nil {
		return err
	}
	if wanted.IOThread != live.IOThread && wanted.IOThread > 0 && !slices.Contains(domain.Live.ioThreads(), wanted.IOThread) {
		return problem.At("iothread", &problem.Problem{
			Kind: problem.Invalid,
			What: fmt.Sprintf("Domain %q, which runs on hypervisor %q, has no I/O thread %d.", domain.Name, h.Label(), wanted.IOThread),
			Why:  "The disk would be detached and could not be attached again. Nothing was changed.",
			Do: fmt.Sprintf("Add the thread (virsh iothreadadd %s %d --live --config), or name one that is there (virsh iothreadinfo %s).",
				problem.Word(domain.Name), wanted.IOThread, problem.Word(domain.Name)),
		})
	}
	devices, err := domain.Live.devicesBeside(live.Alias)
	if err != nil {
		return nil //nolint:nilerr // libvirt tells, and the disk is put back.
	}
	for _, device := range devices {
		if wanted.BootOrder > 0 && wanted.BootOrder != live.BootOrder && device.child("boot").attr("order") == fmt.Sprint(wanted.BootOrder) {
			return problem.At("boot_order", h.placeTaken(domain, fmt.Sprintf("place %d in the boot order", wanted.BootOrder), device,
				"Choose another boot_order."))
		}
		if chosen && !sameAddress(wanted.Address, live.Address) && sameAddress(wanted.Address, readAddress(device)) {
			return problem.At("address", h.placeTaken(domain, "this address", device, "Choose another address, or leave it out."))
		}
	}
	return nil
}

func (h *Host) placeTaken(domain Domain, place string, device *element, do string) error {
	return &problem.Problem{
		Kind: problem.Exists,
		What: fmt.Sprintf("Another device of domain %q, which runs on hypervisor %q, has %s: %s %s.",
			domain.Name, h.Label(), place, device.XMLName.Local, device.child("alias").attr("name")),
		Why: "The disk would be detached and could not be attached again. Nothing was changed.",
		Do:  do,
	}
}

// ioThreads are the numbers of the domain's I/O threads: those that are chosen, and the lowest that are free for the rest.
func (d *Definition) ioThreads() []uint {
	if d == nil || d.doc == nil {
		return nil
	}
	var numbers []uint
	for _, thread := range value(d.doc.IOThreadIDs).IOThreads {
		numbers = append(numbers, thread.ID)
	}
	for n := uint(1); uint(len(numbers)) < d.doc.IOThreads; n++ {
		if !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// devicesBeside are the domain's devices but for the one with this alias.
func (d *Definition) devicesBeside(alias string) ([]*element, error) {
	root, err := parse(d.text)
	if err != nil {
		return nil, err
	}
	var devices []*element
	list := root.child("devices").Children
	for i := range list {
		if list[i].child("alias").attr("name") != alias {
			devices = append(devices, &list[i])
		}
	}
	return devices, nil
}

// readAddress is the address of a device; nil where it has none, or one of a type that isn't known here.
func readAddress(device *element) *Address {
	at := device.child("address")
	address := &Address{Type: at.attr("type")}
	for _, part := range AddressParts[address.Type] {
		address.Numbers = append(address.Numbers, uint(number(at.attr(part.Name))))
	}
	if address.Numbers == nil || address.Type == AddressDrive && device.child("target").attr("bus") == "" {
		return nil // Only disks share the drives of a controller.
	}
	return address
}

func sameAddress(a, b *Address) bool {
	return a != nil && b != nil && a.Type == b.Type && slices.Equal(a.Numbers, b.Numbers)
}
