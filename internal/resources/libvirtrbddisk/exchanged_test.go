package libvirtrbddisk

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// What is told of a disk whose source was exchanged, and of the way back.
func TestExchangesExplained(t *testing.T) {
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
	for name, c := range map[string]struct{ saved, live, told string }{
		"overlay":                         {overlay, overlay, "hangs on libvirt-pool/librbd"},
		"overlay, shut off":               {overlay, "", "Start the domain first"},
		"overlay, transient":              {"", overlay, "blockcommit"},
		"overlay in another image":        {image, image, "rbd source libvirt-pool/other"},
		"overlay that is only running":    {ours, overlay, "hangs on libvirt-pool/librbd"},
		"file":                            {file, file, "doesn't tell that it hangs on"},
		"file that is only saved":         {file, ours, "saved definition only"},
		"block device":                    {`<disk type='block'><source dev='/dev/sdx'/>`, "", "block device /dev/sdx"},
		"another protocol":                {`<disk type='network'><source protocol='nbd' name='x'/>`, "", "nbd source x"},
		"ejected":                         {empty, empty, "an empty drive"},
		"ejected from the running domain": {ours, empty, "an empty drive"},
	} {
		read := func(text string) *libvirt.Disk {
			if text == "" {
				return nil
			}
			disk := parsed(t, text+"<target dev='vdb'/></disk>")
			return &disk
		}
		found := libvirt.Disks{Saved: read(c.saved), Live: read(c.live)}
		disk := m.ours(remembered).ExchangedIn(found)
		if disk == nil {
			t.Errorf("%s: not exchanged", name)
			continue
		}
		domain := libvirt.Domain{Name: "guest", Active: c.live != ""}
		if why, do := m.ours(remembered).ExplainExchange(domain, found, *disk); !strings.Contains(why+do, c.told) {
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
	disk := parsed(t, text)
	for name, c := range map[string]struct {
		change    func(*model)
		was, will string
	}{
		"limits": {
			func(m *model) { m.IOTune = limitsObject(libvirt.Limits{Rates: map[string]uint64{"total_iops_sec": 5}}) },
			"  <wwn>", "  <iotune>\n    <total_iops_sec>5</total_iops_sec>\n  </iotune>\n  <wwn>",
		},
		"user": {func(m *model) { m.User = types.StringValue("other") }, `username="libvirt"`, `username="other"`},
		"secret": {
			func(m *model) { m.SecretUUID = types.StringValue("99085c23-2177-242d-7661-c785df7f6230") },
			`usage="client.libvirt secret"`, `uuid="99085c23-2177-242d-7661-c785df7f6230"`,
		},
		"one more monitor": {
			func(m *model) {
				m.Monitors = monitorSet([]libvirt.Monitor{
					{Host: "192.0.2.1"},
					{Host: "192.0.2.9", Port: 3300},
					{Host: "mon-b.example.net", Port: 6789},
				})
			},
			"    <auth", "    <host name=\"192.0.2.9\" port=\"3300\"></host>\n    <auth",
		},
		"one monitor less": {
			func(m *model) { m.Monitors = monitorSet([]libvirt.Monitor{{Host: "192.0.2.1"}}) },
			"    <host name=\"mon-b.example.net\" port=\"6789\"></host>\n", "",
		},
		"address": {
			func(m *model) {
				m.Address = addressObject(&libvirt.Address{Type: libvirt.AddressPCI, Numbers: []uint{0, 2, 0, 0}})
			},
			`bus="0x01" slot`, `bus="0x02" slot`,
		},
	} {
		m := modelOf(disk)
		c.change(&m)
		got := m.onto(disk, nil)
		if want := strings.Replace(marshal(t, disk), c.was, c.will, 1); marshal(t, got) != want {
			t.Errorf("%s: the disk became\n%s\nwant\n%s", name, marshal(t, got), want)
		}
	}
}
