//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// attributeDisks describes the tested resources: each on a domain of its own that is shut off, with an image of the same name.
var attributeDisks = acctest.Resource{
	Type: diskType,
	Prepare: func(t *testing.T, name string) {
		t.Helper()
		guest(t, "kvm1", testbed.GuestOptions{Name: name})
		image(t, "east", name, "8M")
		switch name {
		case "a-settings":
			doc := definition(t, "kvm1", name, true)
			bootByDevice(t, doc, name+"-boot") // Two disks of one image would be refused once the image is no longer shared.
			doc.IOThreads = 2
			define(t, doc)
		case "a-replaced":
			guest(t, "kvm1", testbed.GuestOptions{Name: name + "-2"})
			guest(t, "kvm2", testbed.GuestOptions{Name: name})
			guest(t, "kvm2", testbed.GuestOptions{Name: name + "-2"})
		case "a-snapshot":
			acctest.RBD(t, "east", "snap", "create", pool+"/"+name+"@first")
			acctest.RBD(t, "east", "snap", "create", pool+"/"+name+"@second")
		case "a-source":
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
	NotImported: []string{"size", "attach_probe", "on_change", "on_source_change"},
}

// bootByDevice changes a domain from <boot dev> in its <os>, which excludes boot_order, to <boot order> in its devices.
func bootByDevice(t *testing.T, doc *acctest.Domain, imageName string) {
	t.Helper()
	disk := acctest.ParseDisk(t, strings.Replace(handXML(t, "east", imageName, handTarget), "</disk>", "<boot order='7'/></disk>", 1))
	doc.OS.BootDevices = nil
	doc.Devices.Disks = append(doc.Devices.Disks, *disk)
}

// define replaces a domain's saved definition.
func define(t *testing.T, doc *acctest.Domain) {
	t.Helper()
	acctest.VirshIn(t, "kvm1", acctest.XML(t, doc), "define", "/dev/stdin")
}

// saved makes a second view of a part of the disk in `virsh dumpxml --inactive`.
func saved(of func(*acctest.Disk) string) func(*testing.T, string) string {
	return func(t *testing.T, name string) string {
		disk := savedDisk(t, name)
		if disk == nil {
			return "no disk"
		}
		return of(disk)
	}
}

// savedDisk returns the only disk of a domain's saved definition that is not at handTarget, nil where there is none.
func savedDisk(t *testing.T, name string) *acctest.Disk {
	t.Helper()
	doc := definition(t, "kvm1", name, true)
	for i := range doc.Devices.Disks {
		if doc.Devices.Disks[i].Target.Dev != handTarget {
			return &doc.Devices.Disks[i]
		}
	}
	return nil
}

// byHand makes a drift with `virsh update-device --config`.
func byHand(change func(*acctest.Disk)) func(*testing.T, string) {
	return func(t *testing.T, name string) {
		disk := savedDisk(t, name)
		change(disk)
		acctest.VirshIn(t, "kvm1", acctest.XML(t, disk), "update-device", name, "/dev/stdin", "--config")
	}
}

// redefined makes a drift that `virsh update-device` refuses: it defines the whole domain again with a changed disk.
func redefined(change func(*acctest.Disk)) func(*testing.T, string) {
	return func(t *testing.T, name string) {
		doc := definition(t, "kvm1", name, true)
		for i := range doc.Devices.Disks {
			change(&doc.Devices.Disks[i])
		}
		define(t, doc)
	}
}

// driverText is the setting of an attribute of <driver>: two values, and a third that somebody else gives it.
func driverText(name, first, second, hand, with string, at func(*acctest.Disk) *string) setting {
	return setting{
		Attribute: acctest.Attribute{
			Name: name, First: fmt.Sprintf("%q", first), Second: fmt.Sprintf("%q", second), With: with,
			SeenFirst: first, SeenSecond: second, SeenRemoved: "",
		},
		of:   func(d *acctest.Disk) string { return *at(d) },
		hand: func(d *acctest.Disk) { *at(d) = hand },
	}
}

// toggle is the setting of a boolean attribute.
func toggle(name string, get func(*acctest.Disk) bool, unset func(*acctest.Disk)) setting {
	return setting{
		Attribute: acctest.Attribute{
			Name: name, First: "true", Second: "false", SeenFirst: "true", SeenSecond: "false", SeenRemoved: "false", BackToFirst: true,
		},
		of:   func(d *acctest.Disk) string { return fmt.Sprint(get(d)) },
		hand: unset,
	}
}

// hosts returns a disk's monitors, sorted.
func hosts(d *acctest.Disk) string {
	var list []string
	for _, h := range d.Source.Network.Hosts {
		list = append(list, h.Name+" "+h.Port)
	}
	return inOrder(list...)
}

func inOrder(list ...string) string {
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func pci(d *acctest.Disk) string {
	a := d.Address.PCI
	return fmt.Sprintf("%d:%d:%d.%d", *a.Domain, *a.Bus, *a.Slot, *a.Function)
}

// Every attribute is set, changed, removed, imported, and put back after a drift, on a domain that is shut off. Attributes that don't
// depend on each other go through these steps together, on one disk.
func TestAccLibvirtRBDDisk_attributes(t *testing.T) {
	prepare(t)
	t.Parallel()
	for group, attributes := range map[string][]acctest.Attribute{
		"settings": shutOff(settingAttributes(t)...),
		"scsi":     shutOff(scsiAttributes()...),
		"source":   shutOff(append(sourceAttributes(), accessAttributes(t)...)...),
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
