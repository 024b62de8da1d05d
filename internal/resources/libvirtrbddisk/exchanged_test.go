package libvirtrbddisk

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// What a disk with our alias may read, running and saved, and whether that is ours, an exchange, and may be detached.
func TestExchangedSources(t *testing.T) {
	const (
		ours    = `<disk type='network'><driver type='raw'/><source protocol='rbd' name='libvirt-pool/librbd'/>`
		former  = `<disk type='network'><driver type='raw'/><source protocol='rbd' name='libvirt-pool/former'/>`
		applied = `<disk type='network'><driver type='raw'/><source protocol='rbd' name='libvirt-pool/applied'/>`
		other   = `<disk type='network'><driver type='raw'/><source protocol='rbd' name='libvirt-pool/other'/>`
		chain   = `<backingStore type='network'><source protocol='rbd' name='libvirt-pool/librbd'/><backingStore/></backingStore>`
		file    = `<disk type='file'><driver type='raw'/><source file='/v/o.img'/>`
		overlay = `<disk type='file'><driver type='qcow2'/><source file='/v/o.img'/>` + chain
		image   = `<disk type='network'><driver type='qcow2'/><source protocol='rbd' name='libvirt-pool/other'/>` + chain
		empty   = `<disk type='file' device='cdrom'>`
	)
	m := plain()
	remembered := memory{FormerSources: []string{"libvirt-pool/former"}, Source: "libvirt-pool/applied"}
	for name, c := range map[string]struct {
		saved, live        string
		exchanged, foreign bool
		told               string
	}{
		"ours":                            {ours, ours, false, false, ""},
		"ours, shut off":                  {ours, "", false, false, ""},
		"ours, transient":                 {"", ours, false, false, ""},
		"renamed":                         {ours, former, false, false, ""},
		"saved by hand, seen by refresh":  {ours, applied, false, false, ""},
		"qcow2 in our image":              {strings.Replace(ours, "raw", "qcow2", 1), strings.Replace(ours, "raw", "qcow2", 1), false, false, ""},
		"another image runs":              {ours, other, false, true, ""},
		"another image is saved":          {other, ours, false, true, ""},
		"overlay":                         {overlay, overlay, true, true, "hangs on libvirt-pool/librbd"},
		"overlay, shut off":               {overlay, "", true, true, "Start the domain first"},
		"overlay, transient":              {"", overlay, true, true, "blockcommit"},
		"overlay in another image":        {image, image, true, true, "rbd source libvirt-pool/other"},
		"overlay that is only running":    {ours, overlay, true, true, "hangs on libvirt-pool/librbd"},
		"file":                            {file, file, true, true, "doesn't tell that it hangs on"},
		"file that is only saved":         {file, ours, true, true, "saved definition only"},
		"block device":                    {`<disk type='block'><source dev='/dev/sdx'/>`, "", true, true, "block device /dev/sdx"},
		"another protocol":                {`<disk type='network'><source protocol='nbd' name='x'/>`, "", true, true, "nbd source x"},
		"ejected":                         {empty, empty, true, false, "an empty drive"},
		"ejected from the running domain": {ours, empty, true, false, "an empty drive"},
	} {
		parse := func(text string) *libvirtxml.DomainDisk {
			if text == "" {
				return nil
			}
			disk := &libvirtxml.DomainDisk{}
			if err := disk.Unmarshal(text + "<target dev='vdb'/></disk>"); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return disk
		}
		found := disks{saved: parse(c.saved), live: parse(c.live)}
		disk := found.exchanged(&m, remembered)
		if (disk != nil) != c.exchanged {
			t.Errorf("%s: exchanged: %v", name, disk != nil)
		}
		if got := found.foreign(&m, remembered) != nil; got != c.foreign {
			t.Errorf("%s: foreign: %v", name, got)
		}
		if disk == nil {
			continue
		}
		where := place{domain: libvirt.Domain{Name: "guest", Active: c.live != ""}}
		if why, do := explainExchange(where, found, *disk, &m, remembered); !strings.Contains(why+do, c.told) {
			t.Errorf("%s: %s %s", name, why, do)
		}
	}
}

// A change writes what it names, where it stands; all other spellings stay.
func TestChangeKeepsSpelling(t *testing.T) {
	const text = `<disk type="network" device="disk">
  <driver name="qemu" type="raw" queues="2"/>
  <source protocol="rbd" name="libvirt-pool/librbd">
    <host name="mon-b.example.net" port="6789"/>
    <host name="192.0.2.1" transport="tcp"/>
    <auth username="libvirt"><secret type="ceph" usage="client.libvirt secret"/></auth>
  </source>
  <target dev="vdb" bus="virtio"/>
  <wwn>5000C50015EA71AA</wwn>
  <address type="pci" domain="0x0000" bus="0x01" slot="0x00" function="0x0" multifunction="on"/>
</disk>`
	var disk libvirtxml.DomainDisk
	if err := disk.Unmarshal(text); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change    func(*model)
		was, will string
	}{
		"nothing": {func(*model) {}, "", ""},
		"limits": {
			func(m *model) { m.IOTune = fromIOTune(&iotune{TotalIopsSec: 5}, "") },
			"  <wwn>", "  <iotune>\n    <total_iops_sec>5</total_iops_sec>\n  </iotune>\n  <wwn>",
		},
		"user": {func(m *model) { m.User = types.StringValue("other") }, `username="libvirt"`, `username="other"`},
		"secret": {
			func(m *model) { m.SecretUUID = types.StringValue("99085c23-2177-242d-7661-c785df7f6230") },
			`usage="client.libvirt secret"`, `uuid="99085c23-2177-242d-7661-c785df7f6230"`,
		},
		"one more monitor": {
			func(m *model) {
				m.Monitors = monitorSet([]monitor{{"192.0.2.1", 0}, {"192.0.2.9", 3300}, {"mon-b.example.net", 6789}})
			},
			"    <auth", "    <host name=\"192.0.2.9\" port=\"3300\"></host>\n    <auth",
		},
		"one monitor less": {
			func(m *model) { m.Monitors = monitorSet([]monitor{{"192.0.2.1", 0}}) },
			"    <host name=\"mon-b.example.net\" port=\"6789\"></host>\n", "",
		},
		"address": {
			func(m *model) {
				two := uint(2)
				m.Address = addressObject(addressPCI, nil, &two, nil, nil)
			},
			`bus="0x01" slot`, `bus="0x02" slot`,
		},
	} {
		m := readXML(disk)
		m.SecretUUID = types.StringValue(testSecret) // as it was looked up by its usage
		present := m
		c.change(&m)
		got, err := m.changedXML(&disk, &present)
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.Replace(marshal(t, disk), c.was, c.will, 1); marshal(t, got) != want {
			t.Errorf("%s: the disk became\n%s\nwant\n%s", name, marshal(t, got), want)
		}
	}
}
