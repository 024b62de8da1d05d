//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// settingAttributes stand for themselves, on bus virtio.
func settingAttributes() []acctest.Attribute {
	three := uint(3)
	return []acctest.Attribute{
		driverText("cache", "none", "writeback", "directsync", "", func(d *libvirtxml.DomainDiskDriver) *string { return &d.Cache }),
		driverText("discard", "unmap", "ignore", "ignore", "", func(d *libvirtxml.DomainDiskDriver) *string { return &d.Discard }),
		driverText("detect_zeroes", "on", "off", "off", "", func(d *libvirtxml.DomainDiskDriver) *string { return &d.DetectZeros }),
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
		toggle("copy_on_read", "", func(d *libvirtxml.DomainDisk) bool { return d.Driver.CopyOnRead == "on" },
			func(d *libvirtxml.DomainDisk, _ bool) { d.Driver.CopyOnRead = "" }),
		toggle("shareable", "", func(d *libvirtxml.DomainDisk) bool { return d.Shareable != nil },
			func(d *libvirtxml.DomainDisk, _ bool) { d.Shareable = nil }),
		{
			Name: "serial", First: `"first-1"`, Second: `"second"`, SeenFirst: "first-1", SeenSecond: "second", SeenRemoved: "",
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return d.Serial }),
			Drift:   byHand(func(d *libvirtxml.DomainDisk) { d.Serial = "hand" }),
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
}

// scsiAttributes are those of a disk on bus scsi, and what the others exclude.
func scsiAttributes() []acctest.Attribute {
	return []acctest.Attribute{
		driverText("io", "native", "threads", "io_uring", "\n  cache = \"none\"", func(d *libvirtxml.DomainDiskDriver) *string { return &d.IO }),
		toggle("read_only", "", func(d *libvirtxml.DomainDisk) bool { return d.ReadOnly != nil },
			func(d *libvirtxml.DomainDisk, _ bool) { d.ReadOnly = nil }),
		{
			Name: "wwn", First: `"5000C50015EA71AC"`, Second: `"5000c50015ea71ad"`, With: "\n  bus = \"scsi\"\n  target_dev = \"sda\"",
			SeenFirst: "5000c50015ea71ac", SeenSecond: "5000c50015ea71ad", SeenRemoved: "",
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return strings.ToLower(d.WWN) }),
			Drift:   byHand(func(d *libvirtxml.DomainDisk) { d.WWN = "5000c50015ea71ae" }),
		},
	}
}

// sourceAttributes say what is read, from where and as whom.
func sourceAttributes(t *testing.T, otherSecret string) []acctest.Attribute {
	t.Helper()
	monitor := acctest.Bed(t).Cluster("east").Monitors[0]
	return []acctest.Attribute{
		{
			Name: "pool", First: fmt.Sprintf("%q", pool), Second: `"other-pool"`, Required: true, SeenFirst: pool, SeenSecond: "other-pool",
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return path.Dir(d.Source.Network.Name) }),
			Drift: byHand(func(d *libvirtxml.DomainDisk) {
				d.Source.Network.Name = "other-pool/" + path.Base(d.Source.Network.Name)
			}),
		},
		{
			Name: "image", First: `"a-source"`, Second: `"a-source-2"`, Required: true, SeenFirst: "a-source", SeenSecond: "a-source-2",
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return path.Base(d.Source.Network.Name) }),
			Drift:   byHand(func(d *libvirtxml.DomainDisk) { d.Source.Network.Name += "-2" }),
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
			Name: "user", First: `"libvirt"`, Second: `"libvirt2"`, Required: true, SeenFirst: "libvirt", SeenSecond: "libvirt2",
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return d.Auth.Username }),
			Drift:   byHand(func(d *libvirtxml.DomainDisk) { d.Auth.Username = "admin" }),
		},
		{
			Name: "secret_uuid", First: `"` + eastSecret + `"`, Second: fmt.Sprintf("%q", otherSecret), Required: true,
			SeenFirst: eastSecret, SeenSecond: otherSecret,
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return d.Auth.Secret.UUID }),
			Drift:   byHand(func(d *libvirtxml.DomainDisk) { d.Auth.Secret.UUID = westSecret }),
		},
	}
}

// replacedAttributes say where the disk is.
func replacedAttributes() []acctest.Attribute {
	// found is where the only disk is, of all domains that the course may put it in: hypervisor, domain, target.
	found := func(part int) func(*testing.T, string) string {
		return func(t *testing.T, name string) string {
			var places [][]string
			for _, hypervisor := range []string{"kvm1", "kvm2"} {
				for _, domain := range []string{name, name + "-2"} {
					for _, disk := range definition(t, hypervisor, domain, true).Devices.Disks {
						places = append(places, []string{hypervisor, domain, disk.Target.Dev})
					}
				}
			}
			if len(places) != 1 {
				return fmt.Sprint(places)
			}
			return places[0][part]
		}
	}
	return []acctest.Attribute{
		{
			Name: "hypervisor", First: `"kvm1"`, Second: `"kvm2"`, Replaces: true, SeenFirst: "kvm1", SeenSecond: "kvm2", SeenRemoved: "kvm2",
			Witness: found(0),
		},
		{
			Name: "domain", First: `"a-replaced"`, Second: `"a-replaced-2"`, Required: true, Replaces: true, SeenFirst: "a-replaced", SeenSecond: "a-replaced-2",
			Witness: found(1),
		},
		{
			Name: "target_dev", First: `"vdb"`, Second: `"vdd"`, Required: true, Replaces: true, DriftReplaces: true, SeenFirst: "vdb", SeenSecond: "vdd",
			Witness: found(2),
			Drift:   redefined(func(d *libvirtxml.DomainDisk) { d.Target.Dev = "vdc" }),
		},
	}
}

// kindAttributes say what kind of disk it is.
func kindAttributes() []acctest.Attribute {
	return []acctest.Attribute{
		{
			Name: "bus", First: `"sata"`, Second: `"scsi"`, With: "\n  target_dev = \"sda\"", Replaces: true, DriftReplaces: true,
			SeenFirst: "sata", SeenSecond: "scsi", SeenRemoved: "scsi",
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return d.Target.Bus }),
			Drift: redefined(func(d *libvirtxml.DomainDisk) {
				d.Target.Bus = "scsi"
				d.Address = nil
			}),
		},
		{
			Name: "device", First: `"cdrom"`, Second: `"disk"`, Replaces: true, DriftReplaces: true,
			SeenFirst: "cdrom", SeenSecond: "disk", SeenRemoved: "disk",
			Witness: saved(func(d *libvirtxml.DomainDisk) string { return d.Device }),
			Drift:   redefined(func(d *libvirtxml.DomainDisk) { d.Device = "disk" }),
		},
	}
}

// snapshotAttribute reads a snapshot instead of the image.
func snapshotAttribute() []acctest.Attribute {
	return []acctest.Attribute{
		{
			Name: "snapshot", First: `"first"`, Second: `"second"`, Replaces: true, DriftReplaces: true,
			SeenFirst: "first", SeenSecond: "second", SeenRemoved: "",
			Witness: saved(func(d *libvirtxml.DomainDisk) string {
				if d.Source.Network.Snapshot == nil {
					return ""
				}
				return d.Source.Network.Snapshot.Name
			}),
			Drift: redefined(func(d *libvirtxml.DomainDisk) { d.Source.Network.Snapshot.Name = "second" }),
		},
	}
}

// clusterAttribute is taken to another cluster, whose monitors the disk then has.
func clusterAttribute(t *testing.T) []acctest.Attribute {
	t.Helper()
	return []acctest.Attribute{
		{
			Name: "cluster", First: `"east"`, Second: `"west"`, SeenFirst: "east", SeenSecond: "west", SeenRemoved: "west",
			Witness: saved(func(d *libvirtxml.DomainDisk) string {
				for _, c := range acctest.Bed(t).Clusters() {
					if len(d.Source.Network.Hosts) > 0 && d.Source.Network.Hosts[0].Name == c.Monitors[0].Host {
						return c.Name
					}
				}
				return "none"
			}),
			Drift: byHand(func(d *libvirtxml.DomainDisk) {
				m := acctest.Bed(t).Cluster("west").Monitors[0]
				d.Source.Network.Hosts = []libvirtxml.DomainDiskSourceHost{{Name: m.Host, Port: fmt.Sprint(m.V2Port)}}
			}),
		},
	}
}

func number(n *uint) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}
