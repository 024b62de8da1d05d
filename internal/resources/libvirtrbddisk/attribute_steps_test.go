//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// setting is an attribute of the disk's XML: its value in virsh's XML, and a change that somebody else makes there.
type setting struct {
	acctest.Attribute
	of   func(*acctest.Disk) string
	hand func(*acctest.Disk)
}

// shutOff makes attributes of settings, as they are seen and changed in the saved definition of a domain that is shut off.
func shutOff(settings ...setting) []acctest.Attribute {
	attributes := make([]acctest.Attribute, len(settings))
	for i, s := range settings {
		attributes[i] = s.Attribute
		attributes[i].View, attributes[i].Drift = saved(s.of), byHand(s.hand)
	}
	return attributes
}

// settingAttributes are those of a disk on bus virtio that don't depend on each other.
func settingAttributes(t *testing.T) []setting {
	t.Helper()
	three := uint(3)
	return []setting{
		// Neither excludes shareable, which is true again beside the second.
		driverText("cache", "none", "directsync", "writeback", "", func(d *acctest.Disk) *string { return &d.Driver.Cache }),
		driverText("discard", "unmap", "ignore", "ignore", "", func(d *acctest.Disk) *string { return &d.Driver.Discard }),
		driverText("detect_zeroes", "on", "off", "off", "", func(d *acctest.Disk) *string { return &d.Driver.DetectZeros }),
		driverText("error_policy", "stop", "report", "enospace", "", func(d *acctest.Disk) *string { return &d.Driver.ErrorPolicy }),
		{
			Attribute: acctest.Attribute{
				Name: "queues", First: "1", Second: "2", SeenFirst: "1", SeenSecond: "2", SeenRemoved: "",
			},
			of:   func(d *acctest.Disk) string { return number(d.Driver.Queues) },
			hand: func(d *acctest.Disk) { d.Driver.Queues = &three },
		},
		{
			Attribute: acctest.Attribute{
				Name: "iothread", First: "1", Second: "2", SeenFirst: "1", SeenSecond: "2", SeenRemoved: "",
			},
			of:   func(d *acctest.Disk) string { return number(d.Driver.IOThread) },
			hand: func(d *acctest.Disk) { d.Driver.IOThread = nil },
		},
		{
			Attribute: acctest.Attribute{
				Name: "queue_size", First: "128", Second: "512", SeenFirst: "128", SeenSecond: "512", SeenRemoved: "",
			},
			of:   func(d *acctest.Disk) string { return number(d.Driver.QueueSize) },
			hand: func(d *acctest.Disk) { *d.Driver.QueueSize = 64 },
		},
		{
			Attribute: acctest.Attribute{
				Name: "blockio", First: `{ logical_block_size = 512, physical_block_size = 4096 }`, Second: `{ physical_block_size = 8192 }`,
				SeenFirst: "512/4096", SeenSecond: "0/8192", SeenRemoved: "",
			},
			of:   blockSizes,
			hand: func(d *acctest.Disk) { d.BlockIO.PhysicalBlockSize = 1024 },
		},
		toggle("copy_on_read", func(d *acctest.Disk) bool { return d.Driver.CopyOnRead == "on" },
			func(d *acctest.Disk) { d.Driver.CopyOnRead = "" }),
		toggle("shareable", func(d *acctest.Disk) bool { return d.Shareable != nil },
			func(d *acctest.Disk) { d.Shareable = nil }),
		{
			Attribute: acctest.Attribute{
				Name: "serial", First: `"first-1"`, Second: `"second"`, SeenFirst: "first-1", SeenSecond: "second", SeenRemoved: "",
			},
			of:   func(d *acctest.Disk) string { return d.Serial },
			hand: func(d *acctest.Disk) { d.Serial = "hand" },
		},
		{
			Attribute: acctest.Attribute{
				Name: "address", First: `{ type = "pci", bus = "0x05" }`, Second: `{ type = "pci", domain = "0x0000", bus = "0x06", slot = "0x00",` +
					` function = "0x0" }`,
				SeenFirst: "0:5:0.0", SeenSecond: "0:6:0.0", Stays: true,
			},
			of: pci,
			hand: func(d *acctest.Disk) {
				seven := uint(7)
				d.Address.PCI.Bus = &seven
			},
		},
		{
			Attribute: acctest.Attribute{
				Name: "iotune", First: `{ total_iops_sec = 100, total_iops_sec_max = 200, total_iops_sec_max_length = 2, read_bytes_sec = 1048576,` +
					` group_name = "shared" }`, Second: `{ total_iops_sec = 300 }`,
				SeenFirst: "100 200/2 1048576 shared", SeenSecond: "300 0/0 0 ", SeenRemoved: "0 0/0 0 ",
			},
			of: func(d *acctest.Disk) string {
				if d.IOTune == nil {
					return "0 0/0 0 "
				}
				group := d.IOTune.GroupName
				if group != "shared" {
					group = "" // libvirt names a running disk's own group
				}
				return fmt.Sprintf("%d %d/%d %d %s", d.IOTune.TotalIopsSec, d.IOTune.TotalIopsSecMax, d.IOTune.TotalIopsSecMaxLength,
					d.IOTune.ReadBytesSec, group)
			},
			hand: func(d *acctest.Disk) {
				d.IOTune = acctest.ParseDisk(t, "<disk><iotune><total_iops_sec>5</total_iops_sec><total_iops_sec_max>6</total_iops_sec_max>"+
					"<total_iops_sec_max_length>1</total_iops_sec_max_length></iotune></disk>").IOTune
			},
		},
		{
			Attribute: acctest.Attribute{
				Name: "config_file", First: `"/dev/null"`, Second: `"/dev/./null"`, SeenFirst: "/dev/null", SeenSecond: "/dev/./null", SeenRemoved: "",
			},
			of: func(d *acctest.Disk) string {
				if d.Source.Network.Config == nil {
					return ""
				}
				return d.Source.Network.Config.File
			},
			hand: func(d *acctest.Disk) { d.Source.Network.Config.File = "/dev/../dev/null" },
		},
		{
			Attribute: acctest.Attribute{
				Name: "boot_order", First: "1", Second: "2", SeenFirst: "1", SeenSecond: "2", SeenRemoved: "",
			},
			of: func(d *acctest.Disk) string {
				if d.Boot == nil {
					return ""
				}
				return fmt.Sprint(d.Boot.Order)
			},
			hand: func(d *acctest.Disk) { d.Boot.Order = 9 },
		},
	}
}

// scsiAttributes are those that need bus scsi, or exclude one of settingAttributes.
func scsiAttributes() []setting {
	return []setting{
		driverText("io", "native", "threads", "io_uring", "\n  cache = \"none\"", func(d *acctest.Disk) *string { return &d.Driver.IO }),
		toggle("read_only", func(d *acctest.Disk) bool { return d.ReadOnly != nil },
			func(d *acctest.Disk) { d.ReadOnly = nil }),
		{
			Attribute: acctest.Attribute{
				Name: "wwn", First: `"5000C50015EA71AC"`, Second: `"5000c50015ea71ad"`, With: "\n  bus = \"scsi\"\n  target_dev = \"sda\"",
				SeenFirst: "5000c50015ea71ac", SeenSecond: "5000c50015ea71ad", SeenRemoved: "",
			},
			of:   func(d *acctest.Disk) string { return strings.ToLower(d.WWN) },
			hand: func(d *acctest.Disk) { d.WWN = "5000c50015ea71ae" },
		},
		{
			Attribute: acctest.Attribute{
				Name: "rotation_rate", First: "1", Second: "7200", SeenFirst: "1", SeenSecond: "7200", SeenRemoved: "0",
			},
			of:   func(d *acctest.Disk) string { return fmt.Sprint(d.Target.RotationRate) },
			hand: func(d *acctest.Disk) { d.Target.RotationRate = 15000 },
		},
		{
			Attribute: acctest.Attribute{
				Name: "vendor", First: `"EXAMPLE"`, Second: `"a, b & c"`, SeenFirst: "EXAMPLE", SeenSecond: "a, b & c", SeenRemoved: "",
			},
			of:   func(d *acctest.Disk) string { return d.Vendor },
			hand: func(d *acctest.Disk) { d.Vendor = "HAND" },
		},
		{
			Attribute: acctest.Attribute{
				Name: "product", First: `"RBD IMAGE"`, Second: `"sixteen letters!"`, SeenFirst: "RBD IMAGE", SeenSecond: "sixteen letters!",
				SeenRemoved: "",
			},
			of:   func(d *acctest.Disk) string { return d.Product },
			hand: func(d *acctest.Disk) { d.Product = "HAND" },
		},
	}
}

// sourceAttributes name the image.
func sourceAttributes() []setting {
	return []setting{
		{
			Attribute: acctest.Attribute{
				Name: "pool", First: fmt.Sprintf("%q", pool), Second: `"other-pool"`, Required: true, SeenFirst: pool, SeenSecond: "other-pool",
			},
			of: func(d *acctest.Disk) string { return path.Dir(d.Source.Network.Name) },
			hand: func(d *acctest.Disk) {
				d.Source.Network.Name = "other-pool/" + path.Base(d.Source.Network.Name)
			},
		},
		{
			Attribute: acctest.Attribute{
				Name: "image", First: `"a-source"`, Second: `"a-source-2"`, Required: true, SeenFirst: "a-source", SeenSecond: "a-source-2",
			},
			of:   func(d *acctest.Disk) string { return path.Base(d.Source.Network.Name) },
			hand: func(d *acctest.Disk) { d.Source.Network.Name += "-2" },
		},
	}
}

// accessAttributes say by which monitors and as which user the image is opened.
func accessAttributes(t *testing.T) []setting {
	t.Helper()
	monitor := acctest.Bed(t).Cluster("east").Monitors[0]
	return []setting{
		{
			Attribute: acctest.Attribute{
				Name: "monitors",
				// Both protocols, ports of their own, one that listens nowhere, and Ceph's own ports on IPv6.
				First: fmt.Sprintf(`[{ host = %[1]q, port = %[2]d }, { host = %[1]q, port = %[3]d }, { host = %[1]q,`+
					` port = 9 }, { host = "2001:db8::1" }]`,
					monitor.Host, monitor.V1Port, monitor.V2Port),
				Second:     fmt.Sprintf(`[{ host = %q, port = %d }]`, monitor.Host, monitor.V2Port),
				SeenFirst:  fmt.Sprintf("%[1]s %[2]d, %[1]s %[3]d, %[1]s 9, 2001:db8::1 ", monitor.Host, monitor.V1Port, monitor.V2Port),
				SeenSecond: fmt.Sprintf("%s %d", monitor.Host, monitor.V2Port),
				Stays:      true,
			},
			of:   hosts,
			hand: func(d *acctest.Disk) { d.Source.Network.Hosts = d.Source.Network.Hosts[1:] },
		},
		{
			Attribute: acctest.Attribute{
				Name: "user", First: `"libvirt"`, Second: `"libvirt2"`, Required: true, SeenFirst: "libvirt", SeenSecond: "libvirt2",
			},
			of:   func(d *acctest.Disk) string { return d.Auth.Username },
			hand: func(d *acctest.Disk) { d.Auth.Username = "libvirt2" },
		},
		{
			Attribute: acctest.Attribute{
				Name: "secret_uuid", First: `"` + eastSecret + `"`, Second: fmt.Sprintf("%q", otherSecret), Required: true,
				SeenFirst: eastSecret, SeenSecond: otherSecret,
			},
			of:   func(d *acctest.Disk) string { return d.Auth.Secret.UUID },
			hand: func(d *acctest.Disk) { d.Auth.Secret.UUID = otherSecret },
		},
	}
}

// replacedAttributes say where the disk is attached. A change replaces it.
func replacedAttributes() []acctest.Attribute {
	// found makes a second view of one part of the only disk's place: hypervisor (0), domain (1) or target (2).
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
			Name: "hypervisor", First: `"kvm1"`, Second: `"kvm2"`, Replaces: true, SeenFirst: "kvm1", SeenSecond: "kvm2", Stays: true,
			View: found(0),
		},
		{
			Name: "domain", First: `"a-replaced"`, Second: `"a-replaced-2"`, Required: true, Replaces: true, SeenFirst: "a-replaced",
			SeenSecond: "a-replaced-2", View: found(1),
		},
		{
			Name: "target_dev", First: `"vdb"`, Second: `"vdd"`, Required: true, Replaces: true, DriftReplaces: true, SeenFirst: "vdb",
			SeenSecond: "vdd", View: found(2),
			Drift: redefined(func(d *acctest.Disk) { d.Target.Dev = "vdc" }),
		},
	}
}

// kindAttributes say what kind of device it is.
func kindAttributes() []acctest.Attribute {
	return []acctest.Attribute{
		{
			Name: "bus", First: `"sata"`, Second: `"scsi"`, With: "\n  target_dev = \"sda\"", Replaces: true, DriftReplaces: true,
			SeenFirst: "sata", SeenSecond: "scsi", Stays: true,
			View: saved(func(d *acctest.Disk) string { return d.Target.Bus }),
			Drift: redefined(func(d *acctest.Disk) {
				d.Target.Bus = "scsi"
				d.Address = nil
			}),
		},
		{
			Name: "device", First: `"cdrom"`, Second: `"disk"`, Replaces: true, DriftReplaces: true,
			SeenFirst: "cdrom", SeenSecond: "disk", Stays: true, BackToFirst: true,
			View:  saved(func(d *acctest.Disk) string { return d.Device }),
			Drift: redefined(func(d *acctest.Disk) { d.Device = "disk" }),
		},
	}
}

// snapshotAttribute is the snapshot that is read instead of the image.
func snapshotAttribute() []acctest.Attribute {
	return []acctest.Attribute{
		{
			Name: "snapshot", First: `"first"`, Second: `"second"`, With: "\n  read_only = true", Replaces: true, DriftReplaces: true,
			SeenFirst: "first", SeenSecond: "second", SeenRemoved: "",
			View: saved(func(d *acctest.Disk) string {
				if d.Source.Network.Snapshot == nil {
					return ""
				}
				return d.Source.Network.Snapshot.Name
			}),
			Drift: redefined(func(d *acctest.Disk) { d.Source.Network.Snapshot.Name = "second" }),
		},
	}
}

// clusterAttribute is the cluster, seen by the monitors that virsh shows.
func clusterAttribute(t *testing.T) []acctest.Attribute {
	t.Helper()
	return []acctest.Attribute{
		{
			Name: "cluster", First: `"east"`, Second: `"west"`, SeenFirst: "east", SeenSecond: "west", Stays: true,
			View: saved(func(d *acctest.Disk) string {
				for _, c := range acctest.Bed(t).Clusters() {
					if len(d.Source.Network.Hosts) > 0 && d.Source.Network.Hosts[0].Name == c.Monitors[0].Host {
						return c.Name
					}
				}
				return "none"
			}),
			Drift: byHand(func(d *acctest.Disk) {
				m := acctest.Bed(t).Cluster("west").Monitors[0]
				d.Source.Network.Hosts = d.Source.Network.Hosts[:1]
				d.Source.Network.Hosts[0].Name, d.Source.Network.Hosts[0].Port = m.Host, fmt.Sprint(m.V2Port)
			}),
		},
	}
}

// blockSizes returns the sizes of a disk's blocks, logical/physical.
func blockSizes(d *acctest.Disk) string {
	if d.BlockIO == nil {
		return ""
	}
	return fmt.Sprintf("%d/%d", d.BlockIO.LogicalBlockSize, d.BlockIO.PhysicalBlockSize)
}

func number(n *uint) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}
