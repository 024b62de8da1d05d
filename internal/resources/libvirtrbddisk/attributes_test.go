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
		case "a-boot-order":
			bootByDevice(t, name)
		case "a-iothread":
			acctest.Virsh(t, "kvm1", "iothreadadd", name, "1", "--config")
			acctest.Virsh(t, "kvm1", "iothreadadd", name, "2", "--config")
		case "a-domain":
			guest(t, "kvm1", testbed.GuestOptions{Name: name + "-2"})
		case "a-pool":
			acctest.Ceph(t, "east", "osd", "pool", "create", "other-pool")
			acctest.RBD(t, "east", "pool", "init", "other-pool")
			acctest.RBD(t, "east", "create", "--size", "8M", "other-pool/"+name)
		}
		image(t, "east", name+"-2", "8M")
	},
	Config: func(name, assignments string) string {
		return block(name, name, strings.Split(strings.TrimSpace(assignments), "\n")...)
	},
	ImportID: func(name string) string {
		return "kvm1/" + name + "/" + attributeTargets[name]
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

// attributeTargets are the targets that the courses use.
var attributeTargets = map[string]string{}

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

// driverText is an attribute of <driver>: two values, and a third by hand.
func driverText(name, first, second, hand, with string, at func(*libvirtxml.DomainDiskDriver) *string) acctest.Attribute {
	return acctest.Attribute{
		Name: name, First: fmt.Sprintf("%q", first), Second: fmt.Sprintf("%q", second), With: with,
		SeenFirst: first, SeenSecond: second, SeenRemoved: "",
		Witness: saved(func(d *libvirtxml.DomainDisk) string { return *at(d.Driver) }),
		Drift:   byHand(func(d *libvirtxml.DomainDisk) { *at(d.Driver) = hand }),
	}
}

// flag is a boolean attribute.
func flag(name, with string, get func(*libvirtxml.DomainDisk) bool, set func(*libvirtxml.DomainDisk, bool)) acctest.Attribute {
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

func TestAccLibvirtRBDDisk_attributes(t *testing.T) {
	prepare(t)
	number := func(n *uint) string {
		if n == nil {
			return ""
		}
		return fmt.Sprint(*n)
	}
	three := uint(3)
	monitor := acctest.Bed(t).Cluster("east").Monitors[0]
	const scsi = "  bus = \"scsi\"\n  target_dev = \"sda\""
	attributeTargets = map[string]string{}
	attributes := []acctest.Attribute{
		driverText("cache", "none", "writeback", "directsync", "", func(d *libvirtxml.DomainDiskDriver) *string { return &d.Cache }),
		driverText("io", "native", "threads", "io_uring", "  cache = \"none\"", func(d *libvirtxml.DomainDiskDriver) *string { return &d.IO }),
		driverText("discard", "unmap", "ignore", "ignore", "", func(d *libvirtxml.DomainDiskDriver) *string { return &d.Discard }),
		driverText("detect_zeroes", "on", "off", "unmap", "  discard = \"unmap\"", func(d *libvirtxml.DomainDiskDriver) *string { return &d.DetectZeros }),
		driverText("error_policy", "stop", "report", "enospace", "", func(d *libvirtxml.DomainDiskDriver) *string { return &d.ErrorPolicy }),
		{
			Name: "queues", First: "1", Second: "2", SeenFirst: "1", SeenSecond: "2", SeenRemoved: "",
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return number(d.Driver.Queues) }),
			Drift:   byHand(func(d *libvirtxml.DomainDisk) { d.Driver.Queues = &three }),
		},
		{
			Name: "iothread", First: "1", Second: "2", SeenFirst: "1", SeenSecond: "2", SeenRemoved: "",
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return number(d.Driver.IOThread) }),
			Drift:   byHand(func(d *libvirtxml.DomainDisk) { d.Driver.IOThread = nil }),
		},
		{
			Name: "domain", First: `"a-domain"`, Second: `"a-domain-2"`, Required: true, Replaces: true, SeenFirst: "a-domain", SeenSecond: "a-domain-2",
			Witness: func(t *testing.T, name string) string {
				var with []string
				for _, domain := range []string{name, name + "-2"} {
					if diskOf(t, "kvm1", domain, "vdb", true) != nil {
						with = append(with, domain)
					}
				}
				return strings.Join(with, " ")
			},
		},
		{
			Name: "pool", First: fmt.Sprintf("%q", pool), Second: `"other-pool"`, Required: true, SeenFirst: pool + "/a-pool", SeenSecond: "other-pool/a-pool",
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return d.Source.Network.Name }),
			Drift:   byHand(func(d *libvirtxml.DomainDisk) { d.Source.Network.Name = "other-pool/a-pool" }),
		},
		flag("copy_on_read", "", func(d *libvirtxml.DomainDisk) bool { return d.Driver.CopyOnRead == "on" },
			func(d *libvirtxml.DomainDisk, _ bool) { d.Driver.CopyOnRead = "" }),
		flag("read_only", "", func(d *libvirtxml.DomainDisk) bool { return d.ReadOnly != nil },
			func(d *libvirtxml.DomainDisk, _ bool) { d.ReadOnly = nil }),
		flag("shareable", "", func(d *libvirtxml.DomainDisk) bool { return d.Shareable != nil },
			func(d *libvirtxml.DomainDisk, _ bool) { d.Shareable = nil }),
		{
			Name: "serial", First: `"first-1"`, Second: `"second"`, SeenFirst: "first-1", SeenSecond: "second", SeenRemoved: "",
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return d.Serial }),
			Drift:   byHand(func(d *libvirtxml.DomainDisk) { d.Serial = "hand" }),
		},
		{
			Name: "wwn", First: `"5000C50015EA71AC"`, Second: `"5000c50015ea71ad"`, With: scsi,
			SeenFirst: "5000c50015ea71ac", SeenSecond: "5000c50015ea71ad", SeenRemoved: "",
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return strings.ToLower(d.WWN) }),
			Drift:   byHand(func(d *libvirtxml.DomainDisk) { d.WWN = "5000c50015ea71ae" }),
		},
		{
			Name: "address", First: `{ type = "pci", bus = "0x05" }`, Second: `{ type = "pci", domain = "0x0000", bus = "0x06", slot = "0x00", function = "0x0" }`,
			SeenFirst: "0:5:0.0", SeenSecond: "0:6:0.0", SeenRemoved: "0:6:0.0",
			Witness: saved(pci),
			Drift: byHand(func(d *libvirtxml.DomainDisk) {
				seven := uint(7)
				d.Address.PCI.Bus = &seven
			}),
		},
		{
			Name: "iotune", First: `{ total_iops_sec = 100, total_iops_sec_max = 200, read_bytes_sec = 1048576 }`, Second: `{ total_iops_sec = 300 }`,
			SeenFirst: "100 200 1048576", SeenSecond: "300 0 0", SeenRemoved: "none",
			Witness: saved(func(d *libvirtxml.DomainDisk) string {
				if d.IOTune == nil {
					return "none"
				}
				return fmt.Sprint(d.IOTune.TotalIopsSec, d.IOTune.TotalIopsSecMax, d.IOTune.ReadBytesSec)
			}),
			Drift: func(t *testing.T, name string) {
				acctest.Virsh(t, "kvm1", "blkdeviotune", name, "vdb", "--total-iops-sec", "5", "--total-iops-sec-max", "6", "--config")
			},
		},
		{
			Name: "config_file", First: `"/dev/null"`, Second: `"/etc/ceph/east.conf"`, SeenFirst: "/dev/null", SeenSecond: "/etc/ceph/east.conf", SeenRemoved: "",
			Witness: saved(func(d *libvirtxml.DomainDisk) string {
				if d.Source.Network.Config == nil {
					return ""
				}
				return d.Source.Network.Config.File
			}),
			Drift: byHand(func(d *libvirtxml.DomainDisk) {
				d.Source.Network.Config = &libvirtxml.DomainDiskSourceNetworkConfig{File: "/dev/zero"}
			}),
		},
		{
			Name: "monitors", First: fmt.Sprintf(`[{ host = %q, port = %d }, { host = "2001:db8::1" }]`, monitor.Host, monitor.V1Port),
			Second:    fmt.Sprintf(`[{ host = %q, port = %d }]`, monitor.Host, monitor.V2Port),
			SeenFirst: fmt.Sprintf("%s %d, 2001:db8::1 ", monitor.Host, monitor.V1Port), SeenSecond: fmt.Sprintf("%s %d", monitor.Host, monitor.V2Port),
			SeenRemoved: fmt.Sprintf("%s %d", monitor.Host, monitor.V2Port),
			Witness:     saved(hosts),
			Drift:       byHand(func(d *libvirtxml.DomainDisk) { d.Source.Network.Hosts = d.Source.Network.Hosts[:1] }),
		},
		{
			Name: "image", First: `"a-image"`, Second: `"a-image-2"`, SeenFirst: pool + "/a-image", SeenSecond: pool + "/a-image-2", Required: true,
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return d.Source.Network.Name }),
			Drift:   byHand(func(d *libvirtxml.DomainDisk) { d.Source.Network.Name = pool + "/a-image-2" }),
		},
		{
			Name: "secret_uuid", First: `"` + eastSecret + `"`, Second: `"99085c23-2177-242d-7661-c785df7f6230"`, Required: true,
			SeenFirst: eastSecret, SeenSecond: "99085c23-2177-242d-7661-c785df7f6230",
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return d.Auth.Secret.UUID }),
			Drift:   byHand(func(d *libvirtxml.DomainDisk) { d.Auth.Secret.UUID = westSecret }),
		},
		{
			Name: "user", First: `"libvirt"`, Second: `"libvirt2"`, Required: true, SeenFirst: "libvirt", SeenSecond: "libvirt2",
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return d.Auth.Username }),
			Drift:   byHand(func(d *libvirtxml.DomainDisk) { d.Auth.Username = "admin" }),
		},
		{
			Name: "target_dev", First: `"vdb"`, Second: `"vdd"`, Required: true, Replaces: true, SeenFirst: "vdb", SeenSecond: "vdd",
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return d.Target.Dev }),
		},
		{
			Name: "bus", First: `"sata"`, Second: `"scsi"`, With: "  target_dev = \"sda\"", Replaces: true, SeenFirst: "sata", SeenSecond: "scsi", SeenRemoved: "scsi",
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return d.Target.Bus }),
		},
		{
			Name: "device", First: `"cdrom"`, Second: `"disk"`, With: "  target_dev = \"sda\"\n  bus = \"sata\"", Replaces: true,
			SeenFirst: "cdrom", SeenSecond: "disk", SeenRemoved: "disk",
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return d.Device }),
		},
		{
			Name: "boot_order", First: "1", Second: "2", SeenFirst: "1", SeenSecond: "2", SeenRemoved: "",
			Witness: saved(func(d *libvirtxml.DomainDisk) string {
				if d.Boot == nil {
					return ""
				}
				return fmt.Sprint(d.Boot.Order)
			}),
			Drift: byHand(func(d *libvirtxml.DomainDisk) { d.Boot.Order = 9 }),
		},
	}
	for _, a := range attributes {
		name := "a-" + strings.ReplaceAll(a.Name, "_", "-")
		attributeTargets[name] = "vdb"
		if strings.Contains(a.With, "sda") {
			attributeTargets[name] = "sda"
		}
	}
	key := acctest.Ceph(t, "east", "auth", "get-key", "client.libvirt")
	defineSecret(t, "kvm1", "99085c23-2177-242d-7661-c785df7f6230", "client.libvirt once more", key)
	sameKey(t, "libvirt2", key)
	acctest.RunAttributes(t, attributeDisks, attributes)
}
