//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// attributeDisks are libvirt_rbd_disk resources on a domain of their own that is shut off, with an image of the same name.
var attributeDisks = acctest.Resource{
	Type: diskType,
	Prepare: func(t *testing.T, name string) {
		t.Helper()
		guest(t, "kvm1", testbed.GuestOptions{Name: name})
		image(t, "east", name, "8M")
		switch name {
		case "a-settings":
			bootByDevice(t, name)
			acctest.Virsh(t, "kvm1", "iothreadadd", name, "1", "--config")
			acctest.Virsh(t, "kvm1", "iothreadadd", name, "2", "--config")
		case "a-replaced":
			guest(t, "kvm1", testbed.GuestOptions{Name: name + "-2"})
			guest(t, "kvm2", testbed.GuestOptions{Name: name})
			guest(t, "kvm2", testbed.GuestOptions{Name: name + "-2"})
		case "a-snapshot":
			acctest.RBD(t, "east", "snap", "create", pool+"/"+name+"@first")
			acctest.RBD(t, "east", "snap", "create", pool+"/"+name+"@second")
		case "a-source":
			preparePool(t, "east", "other-pool")
			for _, source := range []string{pool + "/" + name + "-2", "other-pool/" + name, "other-pool/" + name + "-2"} {
				acctest.RBD(t, "east", "create", "--size", "8M", source)
			}
		case "a-cluster":
			image(t, "west", name, "8M")
		}
	},
	Config: func(name, assignments string) string {
		list := strings.Split(strings.TrimSpace(assignments), "\n")
		if name == "a-cluster" && !strings.Contains(assignments, `"east"`) {
			list = append(list, fmt.Sprintf("secret_uuid = %q", westSecret))
		}
		for label, group := range map[string]string{"cluster": "a-cluster", "hypervisor": "a-replaced"} {
			if name == group && !strings.Contains(assignments, label+" =") {
				list = append(list, label+" = null")
			}
		}
		return block(name, name, list...)
	},
	ImportID: func(name string) string {
		target := "vdb"
		if name == "a-scsi" || name == "a-kind" {
			target = "sda"
		}
		return "kvm1/" + name + "/" + target
	},
	// Neither Ceph nor libvirt stores these, or import sets their default.
	NotImported: []string{"size", "attach_probe", "on_source_change"},
}

// bootByDevice redefines a domain whose devices say for themselves when they are booted from, as boot_order needs it.
func bootByDevice(t *testing.T, name string) {
	t.Helper()
	var disk libvirtxml.DomainDisk
	if err := disk.Unmarshal(handXML(t, "east", name, handTarget)); err != nil {
		t.Fatal(err)
	}
	disk.Boot = &libvirtxml.DomainDeviceBoot{Order: 7}
	doc := definition(t, "kvm1", name, true)
	doc.OS.BootDevices = nil
	doc.Devices.Disks = append(doc.Devices.Disks, disk)
	text, err := doc.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	virshIn(t, "kvm1", text, "define", "/dev/stdin")
}

// saved is a witness: something of the disk in `virsh dumpxml --inactive`.
func saved(of func(*libvirtxml.DomainDisk) string) func(*testing.T, string) string {
	return func(t *testing.T, name string) string {
		disk := savedDisk(t, name)
		if disk == nil {
			return "no disk"
		}
		return of(disk)
	}
}

// savedDisk is the only disk of a domain's saved definition that was not attached by hand.
func savedDisk(t *testing.T, name string) *libvirtxml.DomainDisk {
	t.Helper()
	doc := definition(t, "kvm1", name, true)
	for i := range doc.Devices.Disks {
		if doc.Devices.Disks[i].Target.Dev != handTarget {
			return &doc.Devices.Disks[i]
		}
	}
	return nil
}

// byHand is a drift: `virsh update-device --config`.
func byHand(change func(*libvirtxml.DomainDisk)) func(*testing.T, string) {
	return func(t *testing.T, name string) {
		disk := savedDisk(t, name)
		change(disk)
		text, err := disk.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		virshIn(t, "kvm1", text, "update-device", name, "/dev/stdin", "--config")
	}
}

// redefined is a drift that `virsh update-device` can't make: the whole domain is defined anew with another disk in it.
func redefined(change func(*libvirtxml.DomainDisk)) func(*testing.T, string) {
	return func(t *testing.T, name string) {
		doc := definition(t, "kvm1", name, true)
		for i := range doc.Devices.Disks {
			change(&doc.Devices.Disks[i])
		}
		text, err := doc.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		virshIn(t, "kvm1", text, "define", "/dev/stdin")
	}
}

// driverText is an attribute of <driver>: two values, and a third by hand.
func driverText(name, first, second, hand, with string, at func(*libvirtxml.DomainDiskDriver) *string) acctest.Attribute {
	return acctest.Attribute{
		Name: name, First: fmt.Sprintf("%q", first), Second: fmt.Sprintf("%q", second), With: with,
		SeenFirst: first, SeenSecond: second, SeenRemoved: "",
		Witness: saved(func(d *libvirtxml.DomainDisk) string { return *at(d.Driver) }),
		Drift:   byHand(func(d *libvirtxml.DomainDisk) { *at(d.Driver) = hand }),
	}
}

// toggle is a boolean attribute.
func toggle(name, with string, get func(*libvirtxml.DomainDisk) bool, set func(*libvirtxml.DomainDisk, bool)) acctest.Attribute {
	return acctest.Attribute{
		Name: name, First: "true", Second: "false", With: with, SeenFirst: "true", SeenSecond: "false", SeenRemoved: "false",
		Witness: saved(func(d *libvirtxml.DomainDisk) string { return fmt.Sprint(get(d)) }),
		Drift:   byHand(func(d *libvirtxml.DomainDisk) { set(d, false) }),
	}
}

func hosts(d *libvirtxml.DomainDisk) string {
	var list []string
	for _, h := range d.Source.Network.Hosts {
		list = append(list, h.Name+" "+h.Port)
	}
	return strings.Join(list, ", ")
}

func pci(d *libvirtxml.DomainDisk) string {
	a := d.Address.PCI
	return fmt.Sprintf("%d:%d:%d.%d", *a.Domain, *a.Bus, *a.Slot, *a.Function)
}

// sameKey makes a user on cluster east with a given key.
func sameKey(t *testing.T, name, key string) {
	t.Helper()
	keyring := filepath.Join(t.TempDir(), "keyring")
	text := fmt.Sprintf("[client.%s]\nkey = %s\ncaps mon = \"profile rbd\"\ncaps osd = \"profile rbd\"\n", name, key)
	if err := os.WriteFile(keyring, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	acctest.Ceph(t, "east", "auth", "import", "-i", keyring)
}

// Each group is taken through its course on one disk: what has nothing to do with each other is set, changed and removed
// together.
func TestAccLibvirtRBDDisk_attributes(t *testing.T) {
	prepare(t)
	t.Parallel()
	const otherSecret = "99085c23-2177-242d-7661-c785df7f6230"
	key := acctest.Ceph(t, "east", "auth", "get-key", "client.libvirt")
	defineSecret(t, "kvm1", otherSecret, "client.libvirt once more", key)
	sameKey(t, "libvirt2", key)
	for group, attributes := range map[string][]acctest.Attribute{
		"settings": settingAttributes(),
		"scsi":     scsiAttributes(),
		"source":   sourceAttributes(t, otherSecret),
		"replaced": replacedAttributes(),
		"kind":     kindAttributes(),
		"snapshot": snapshotAttribute(),
		"cluster":  clusterAttribute(t),
	} {
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			acctest.RunTogether(t, attributeDisks, group, attributes)
		})
	}
}
