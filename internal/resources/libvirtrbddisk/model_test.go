package libvirtrbddisk

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

const (
	testDomain = "1a2b3c4d-0000-4000-8000-000000000001"
	testSecret = "77085c23-2177-242d-7661-c785df7f6230"
)

// plain returns the model of a disk with its required arguments only.
func plain() model {
	m := model{
		Pool: types.StringValue("libvirt-pool"), Image: types.StringValue("librbd"), User: types.StringValue("libvirt"),
		SecretUUID: types.StringValue(strings.ToUpper(testSecret)), TargetDev: types.StringValue("vdb"), Bus: types.StringValue("virtio"),
		Device:   types.StringValue("disk"),
		Monitors: monitorSet([]libvirt.Monitor{{Host: "192.0.2.1"}, {Host: "2001:db8::1", Port: 6790}}),
	}
	m.Address, m.IOTune, m.BlockIO = types.ObjectNull(addressTypes), types.ObjectNull(limitTypes()), types.ObjectNull(blockTypes)
	return m
}

// parsed returns a disk as it is read from the saved definition of a domain.
func parsed(t *testing.T, text string) libvirt.Disk {
	t.Helper()
	definition, err := libvirt.ParseDefinition("<domain type='qemu'><name>guest</name><devices>" + text + "</devices></domain>")
	if err != nil {
		t.Fatal(err)
	}
	return definition.Disks[0]
}

func marshal(t *testing.T, disk libvirt.Disk) string {
	t.Helper()
	text, err := disk.Element()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestXMLOfNewDisk(t *testing.T) {
	m := plain()
	disk := m.onto(libvirt.Disk{}, nil)
	disk.Alias = libvirt.OwnAlias(testDomain, "vdb")
	want := `<disk type="network" device="disk">
  <driver name="qemu" type="raw"></driver>
  <auth username="libvirt">
    <secret type="ceph" uuid="77085c23-2177-242d-7661-c785df7f6230"></secret>
  </auth>
  <source protocol="rbd" name="libvirt-pool/librbd">
    <host name="192.0.2.1"></host>
    <host name="2001:db8::1" port="6790"></host>
  </source>
  <target dev="vdb" bus="virtio"></target>
  <alias name="` + libvirt.OwnAlias(testDomain, "vdb") + `"></alias>
</disk>`
	if got := marshal(t, disk); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// XML that no attribute manages stays, and an unchanged disk is written as it was read.
func TestToXMLKeepsTheRest(t *testing.T) {
	const found = `<disk type="network" device="disk" snapshot="no">
  <driver name="qemu" type="raw" cache="none" rerror_policy="report" queue_size="256"></driver>
  <source protocol="rbd" name="libvirt-pool/librbd">
    <host name="2001:db8::1" port="6790"></host>
    <host name="192.0.2.1"></host>
    <reconnect delay="3"></reconnect>
    <auth username="libvirt">
      <secret type="ceph" uuid="77085c23-2177-242d-7661-c785df7f6230"></secret>
    </auth>
  </source>
  <target dev="vdb" bus="virtio"></target>
  <iotune>
    <total_iops_sec>10</total_iops_sec>
    <total_iops_sec_max>20</total_iops_sec_max>
    <total_iops_sec_max_length>1</total_iops_sec_max_length>
    <group_name>drive-virtio-disk1</group_name>
  </iotune>
  <alias name="virtio-disk1"></alias>
  <address type="pci" domain="0" bus="5" slot="0" function="0"></address>
</disk>`
	disk := parsed(t, found)
	before := marshal(t, disk)
	m := plain()
	m.read(disk, nil)
	if same := m.onto(disk, nil); len(same.Changed()) > 0 || marshal(t, same) != before {
		t.Errorf("an unchanged disk became %v\n%s", same.Changed(), marshal(t, same))
	}
	m.Cache, m.Serial, m.Monitors = types.StringValue("writeback"), types.StringValue("s-1"),
		monitorSet([]libvirt.Monitor{{Host: "192.0.2.9", Port: 3300}})
	m.IOTune = types.ObjectNull(limitTypes())
	text := marshal(t, m.onto(disk, nil))
	for _, want := range []string{
		`cache="writeback"`, `<serial>s-1</serial>`, `<host name="192.0.2.9" port="3300">`, `queue_size="256"`,
		`rerror_policy="report"`, `snapshot="no"`, `delay="3"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
	for _, gone := range []string{"192.0.2.1\"", "iotune"} {
		if strings.Contains(text, gone) {
			t.Errorf("%s is left in\n%s", gone, text)
		}
	}
	if marshal(t, disk) != before {
		t.Error("the disk that was read has been changed")
	}
}

// A read keeps the recorded spelling of what means the same, takes over what differs, and sets to null what is gone.
func TestFromXMLKeepsSpelling(t *testing.T) {
	m := plain()
	m.Address = planAddress(types.ObjectValueMust(addressTypes, withType("pci", map[string]string{"slot": "18"})),
		types.ObjectNull(addressTypes))
	m.CopyOnRead, m.ReadOnly, m.Serial = types.BoolValue(false), types.BoolValue(false), types.StringValue("old")
	disk := m.disk()
	disk.SecretUUID, disk.Serial, disk.Shareable = testSecret, "", true
	disk.Address = &libvirt.Address{Type: "pci", Numbers: []uint{0, 0, 18, 0}}
	m.read(disk, nil)
	if got := m.SecretUUID.ValueString(); got != strings.ToUpper(testSecret) {
		t.Errorf("secret_uuid = %s", got)
	}
	if got := addressPart(m.Address, "slot").ValueString(); got != "18" {
		t.Errorf("slot = %q", got)
	}
	if m.CopyOnRead.IsNull() || m.ReadOnly.IsNull() || !m.Serial.IsNull() || !m.Shareable.ValueBool() {
		t.Errorf("copy_on_read %s, read_only %s, serial %s, shareable %s", m.CopyOnRead, m.ReadOnly, m.Serial, m.Shareable)
	}
}

// A change writes what it names, at its place in the XML; all other spellings stay.
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

func withType(kind string, parts map[string]string) map[string]attr.Value {
	values := map[string]attr.Value{}
	for name := range addressTypes {
		values[name] = types.StringNull()
		if text, ok := parts[name]; ok {
			values[name] = types.StringValue(text)
		}
	}
	values["type"] = types.StringValue(kind)
	return values
}

func TestPlanAddress(t *testing.T) {
	recorded := addressObject(&libvirt.Address{Type: "pci", Numbers: []uint{0, 0, 18, 0}})
	planned := planAddress(types.ObjectValueMust(addressTypes, withType("pci", map[string]string{"slot": "18", "bus": "0x00"})), recorded)
	if !planned.Equal(recorded) {
		t.Errorf("the same address is planned as %s", planned)
	}
	planned = planAddress(types.ObjectValueMust(addressTypes, withType("pci", map[string]string{"slot": "0x13"})), recorded)
	if got := addressPart(planned, "slot").ValueString(); got != "0x13" {
		t.Errorf("slot = %q", got)
	}
}

// The model and the libvirt client write the name of an image in the same way.
func TestSourceNames(t *testing.T) {
	for name, want := range map[string]ceph.ImageRef{
		"pool/image":    {Pool: "pool", Name: "image"},
		"pool/ns/image": {Pool: "pool", Namespace: "ns", Name: "image"},
	} {
		disk := parsed(t, "<disk type='network'><source protocol='rbd' name='"+name+"'/></disk>")
		m := modelOf(disk)
		if got := m.source(); got != want || got.String() != name || disk.Source() != name || m.onto(libvirt.Disk{}, nil).Source() != name {
			t.Errorf("%s is read as %+v, %s", name, got, disk.Source())
		}
	}
}

// Each of libvirt.DiskFields is an argument of the model, and comes back unchanged from a disk and from its XML.
func TestFieldsAreArguments(t *testing.T) {
	full := libvirt.Disk{
		Target: "sdb", Bus: "scsi", Device: "disk", Pool: "p", Namespace: "n", Image: "i", Snapshot: "s",
		Monitors:   []libvirt.Monitor{{Host: "192.0.2.1", Port: 3300}},
		ConfigFile: "/c", User: "u", SecretUUID: testSecret, Cache: "none", IO: "native", Discard: "unmap", DetectZeroes: "on",
		ErrorPolicy: "stop", Encryption: libvirt.Encryption{Format: "luks", Engine: libvirt.EngineQEMU, SecretUUID: testSecret},
		BlockIO: libvirt.BlockSizes{Logical: 4096, Physical: 8192}, QueueSize: 256, RotationRate: 7200, Vendor: "V", Product: "P",
		IOThread: 1, Queues: 2, CopyOnRead: true, ReadOnly: true, Shareable: true, Serial: "x", WWN: "5000c50015ea71aa", BootOrder: 3,
		Address: &libvirt.Address{Type: "drive", Numbers: []uint{1, 0, 0, 2}},
		Limits:  libvirt.Limits{Rates: map[string]uint64{"size_iops_sec": 4}, Group: "g"},
	}
	if same := libvirt.DiffDisks(libvirt.Disk{}, full, nil); len(same) != len(libvirt.DiskFields) {
		t.Errorf("the test's disk sets only %v", same)
	}
	m := modelOf(full)
	if lost := libvirt.DiffDisks(full, m.disk(), nil); len(lost) > 0 {
		t.Errorf("lost between disk and model: %v", lost)
	}
	text := marshal(t, m.onto(libvirt.Disk{}, nil))
	if lost := libvirt.DiffDisks(full, parsed(t, text), nil); len(lost) > 0 {
		t.Errorf("lost between disk and XML: %v\n%s", lost, text)
	}
	for _, f := range libvirt.DiskFields {
		if _, known := places[f.Name]; !known || m.argument(f.Name).IsNull() {
			t.Errorf("%s is no argument, or null", f.Name)
		}
	}
}

// A CD-ROM has <readonly/> whatever read_only says: libvirt puts it back where it is removed.
func TestCDROMStaysReadOnly(t *testing.T) {
	const text = `<disk type="network" device="cdrom">
  <driver name="qemu" type="raw"></driver>
  <source protocol="rbd" name="libvirt-pool/librbd"></source>
  <target dev="sda" bus="sata"></target>
  <readonly></readonly>
</disk>`
	for _, device := range []string{libvirt.DeviceCDROM, ""} { // an imported one is not known to be a CD-ROM yet
		m := plain()
		m.TargetDev, m.Bus, m.Device = types.StringValue("sda"), types.StringValue("sata"), tfkit.StringOrNull(device)
		disk := parsed(t, text)
		m.read(disk, nil)
		if !m.ReadOnly.IsNull() || m.Device.ValueString() != libvirt.DeviceCDROM {
			t.Errorf("read_only is %v, device %v", m.ReadOnly, m.Device)
		}
		if same := m.onto(disk, nil); len(same.Changed()) > 0 || marshal(t, same) != marshal(t, disk) {
			t.Errorf("an unchanged one became\n%s", marshal(t, same))
		}
	}
	m := plain()
	if text := marshal(t, m.onto(parsed(t, strings.Replace(text, "cdrom", "disk", 1)), nil)); strings.Contains(text, "readonly") {
		t.Errorf("a disk is read-only: %s", text)
	}
}
