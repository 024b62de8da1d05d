package libvirt

import (
	"fmt"
	"slices"
	"strings"
)

// prefixes are how the targets of disks begin, by bus.
var prefixes = map[string]string{"virtio": "vd", "scsi": "sd", "sata": "sd", "usb": "sd", "ide": "hd"}

// serialLimits are the lengths at which a device cuts a serial off without an error.
var serialLimits = map[string]int{"virtio": 20, "sata": 20, "ide": 20, "usb": 20, "scsi": 36}

// Conflict is a combination of a disk's fields that can't work.
type Conflict struct {
	Fields []string // by the names of DiskFields, the one to change first
	Text   string   // what doesn't fit, and what to do
}

// conflicts is a list that grows by what is wrong.
type conflicts []Conflict

func (c *conflicts) add(wrong bool, fields, format string, values ...any) {
	if wrong {
		*c = append(*c, Conflict{strings.Fields(fields), fmt.Sprintf(format, values...)})
	}
}

// Oddities are combinations that libvirt takes, so that a disk of somebody else may have them, and that no disk should get.
func (d Disk) Oddities() []Conflict {
	var list conflicts
	if d.Bus == "" {
		return list
	}
	prefix, limit := prefixes[d.Bus], serialLimits[d.Bus]
	list.add(d.Target != "" && !strings.HasPrefix(d.Target, prefix), "target_dev bus",
		"The target of a disk on bus %q begins with %q, as in %q. Change target_dev, or bus.", d.Bus, prefix, prefix+"b")
	list.add(limit > 0 && len(d.Serial) > limit, "serial bus",
		"The serial has %d characters. A disk on bus %q shows the guest only the first %d. Shorten it.", len(d.Serial), d.Bus, limit)
	return list
}

// Conflicts are the combinations that can't work, whatever the domain and the host are. The bus of a disk that names none is not known.
func (d Disk) Conflicts() []Conflict {
	var list conflicts
	add := list.add
	cached := !slices.Contains([]string{"none", "directsync"}, d.Cache)
	add(d.IO == "native" && cached, "io cache",
		"io = \"native\" needs cache = \"none\" or \"directsync\": QEMU refuses it with the host's page cache.")
	add(d.CopyOnRead && d.ReadOnly, "copy_on_read read_only",
		"A read-only disk can't copy what it reads into itself. Remove copy_on_read or read_only.")
	add(d.Snapshot != "" && !d.ReadOnly && d.Device != DeviceCDROM, "snapshot read_only device",
		"A snapshot can only be read. Set read_only = true: a domain with a disk that would write a snapshot doesn't start.")
	add(d.Shareable && cached && d.Cache != "", "cache shareable", "A disk that guests share must not be cached on each host by itself: with"+
		" shareable use cache = \"none\" or \"directsync\", or leave it out.")
	add(d.RotationRate > 0 && d.Device == DeviceCDROM, "rotation_rate device", "A CD-ROM has no rotation_rate. Remove it.")
	list = append(list, d.BlockIO.conflicts(d.Device)...)
	list = append(list, d.Encryption.conflicts()...)
	if d.Bus == "" {
		return list
	}
	kind := addressType(d.Bus)
	add(d.Device == DeviceCDROM && d.Bus == "virtio", "device bus",
		"A CD-ROM can't be on bus \"virtio\". Set bus to \"scsi\", \"sata\", \"ide\" or \"usb\".")
	for name, n := range map[string]uint{"queues": d.Queues, "iothread": d.IOThread} {
		add(n > 0 && d.Bus != "virtio", name+" bus",
			"%s is for disks on bus \"virtio\". On bus \"scsi\" it belongs to the domain's virtio-scsi controller.", name)
	}
	add(d.QueueSize > 0 && d.Bus != "virtio", "queue_size bus", "queue_size is for disks on bus \"virtio\": on bus %q libvirt takes it"+
		" without effect. Remove it.", d.Bus)
	for name, text := range map[string]string{"vendor": d.Vendor, "product": d.Product} {
		add(text != "" && d.Bus != "scsi", name+" bus", "%s is for disks on bus \"scsi\". Remove it, or use that bus.", name)
	}
	add(d.RotationRate > 0 && !slices.Contains([]string{"scsi", "sata", "ide"}, d.Bus), "rotation_rate bus",
		"A disk on bus %q tells the guest no rotation_rate. Remove it, or use bus \"scsi\".", d.Bus)
	list = append(list, d.BlockIO.onBus(d.Bus)...)
	add(d.WWN != "" && !slices.Contains([]string{"scsi", "sata", "ide"}, d.Bus), "wwn bus",
		"A disk on bus %q has no World Wide Name. Use serial to recognise it, or bus = \"scsi\".", d.Bus)
	fits := d.Address == nil || d.Address.Type == "" || d.Address.Type == kind
	add(!fits && kind == "", "address bus", "The address of a disk on bus %q can't be chosen here. Remove address.", d.Bus)
	add(!fits && kind != "", "address bus", "A disk on bus %q has an address of type %q.", d.Bus, kind)
	return list
}
