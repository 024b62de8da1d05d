package libvirtrbddisk

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

const (
	testDomain = "1a2b3c4d-0000-4000-8000-000000000001"
	testSecret = "77085c23-2177-242d-7661-c785df7f6230"
)

// plain is a disk with what is required and no more.
func plain() model {
	m := model{
		Pool: types.StringValue("libvirt-pool"), Image: types.StringValue("librbd"), User: types.StringValue("libvirt"),
		SecretUUID: types.StringValue(strings.ToUpper(testSecret)), TargetDev: types.StringValue("vdb"), Bus: types.StringValue("virtio"),
		Device:   types.StringValue("disk"),
		Monitors: monitorSet([]monitor{{"192.0.2.1", 0}, {"2001:db8::1", 6790}}),
	}
	m.nullTypes()
	return m
}

func marshal(t *testing.T, disk libvirtxml.DomainDisk) string {
	t.Helper()
	text, err := disk.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// rewritten is a disk that is there as the model asks for it.
func rewritten(m *model, disk libvirtxml.DomainDisk) (libvirtxml.DomainDisk, error) {
	present := readXML(disk)
	return m.changedXML(&disk, &present)
}

func TestXMLOfNewDisk(t *testing.T) {
	m := plain()
	disk := m.newXML(ownAlias(testDomain, "vdb"))
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
  <alias name="` + ownAlias(testDomain, "vdb") + `"></alias>
</disk>`
	if got := marshal(t, disk); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What somebody else put into the disk's definition stays, and an unchanged disk comes out as it was.
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
	var disk libvirtxml.DomainDisk
	if err := disk.Unmarshal(found); err != nil {
		t.Fatal(err)
	}
	m := plain()
	m.fromXML(disk)
	same, err := rewritten(&m, disk)
	if err != nil || !sameXML(same, disk) {
		t.Errorf("an unchanged disk became %v\n%s", err, marshal(t, same))
	}
	m.Cache, m.Serial, m.Monitors = types.StringValue("writeback"), types.StringValue("s-1"), monitorSet([]monitor{{"192.0.2.9", 3300}})
	m.IOTune = types.ObjectNull(iotuneTypes())
	changed, err := rewritten(&m, disk)
	if err != nil {
		t.Fatal(err)
	}
	text := marshal(t, changed)
	for _, want := range []string{`cache="writeback"`, `<serial>s-1</serial>`, `<host name="192.0.2.9" port="3300">`, `queue_size="256"`, `rerror_policy="report"`, `snapshot="no"`, `delay="3"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
	for _, gone := range []string{"192.0.2.1\"", "iotune"} {
		if strings.Contains(text, gone) {
			t.Errorf("%s is left in\n%s", gone, text)
		}
	}
	if disk.Serial != "" || disk.Driver.Cache != "none" {
		t.Error("the disk that was read has been changed")
	}
}

// What means the same keeps its spelling; what differs is taken over, and what is gone becomes null.
func TestFromXMLKeepsSpelling(t *testing.T) {
	m := plain()
	m.Address = planAddress(types.ObjectValueMust(addressTypes, withType("pci", map[string]string{"slot": "18"})), types.ObjectNull(addressTypes))
	m.CopyOnRead, m.ReadOnly, m.Serial = types.BoolValue(false), types.BoolValue(false), types.StringValue("old")
	eighteen, zero := uint(18), uint(0)
	disk := m.newXML("")
	disk.Serial = ""
	disk.Shareable = &libvirtxml.DomainDiskShareable{}
	disk.Address = &libvirtxml.DomainAddress{PCI: &libvirtxml.DomainAddressPCI{Domain: &zero, Bus: &zero, Slot: &eighteen, Function: &zero}}
	m.fromXML(disk)
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
	recorded := addressObject("pci", nil, nil, ptr(18), nil)
	planned := planAddress(types.ObjectValueMust(addressTypes, withType("pci", map[string]string{"slot": "18", "bus": "0x00"})), recorded)
	if !planned.Equal(recorded) {
		t.Errorf("the same address is planned as %s", planned)
	}
	planned = planAddress(types.ObjectValueMust(addressTypes, withType("pci", map[string]string{"slot": "0x13"})), recorded)
	if got := addressPart(planned, "slot").ValueString(); got != "0x13" {
		t.Errorf("slot = %q", got)
	}
}

func ptr(n uint) *uint { return &n }

// libvirt fills in a burst of one second and a group for each disk, which nobody asked for.
func TestFromIOTune(t *testing.T) {
	object := fromIOTune(&iotune{TotalIopsSec: 5, TotalIopsSecMax: 9, TotalIopsSecMaxLength: 1, GroupName: "drive-virtio-disk1"}, "virtio-disk1")
	for name, want := range map[string]attr.Value{
		"total_iops_sec": types.Int64Value(5), "total_iops_sec_max": types.Int64Value(9), "total_iops_sec_max_length": types.Int64Null(),
		"group_name": types.StringNull(), "read_iops_sec": types.Int64Null(),
	} {
		if got := object.Attributes()[name]; !got.Equal(want) {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
	if object := fromIOTune(&iotune{TotalIopsSec: 5, GroupName: "fast"}, "virtio-disk1"); object.Attributes()["group_name"].String() != `"fast"` {
		t.Errorf("a group of the operator's is read as %s", object)
	}
	if object := fromIOTune(&iotune{GroupName: "drive-virtio-disk1"}, "virtio-disk1"); !object.IsNull() {
		t.Errorf("no limit is read as %s", object)
	}
}

func TestSourceNames(t *testing.T) {
	for name, want := range map[string]ceph.ImageRef{
		"pool/image":    {Pool: "pool", Name: "image"},
		"pool/ns/image": {Pool: "pool", Namespace: "ns", Name: "image"},
	} {
		if got := parseSource(name); got != want || got.String() != name {
			t.Errorf("%s is read as %+v", name, got)
		}
	}
}

func TestClusterMonitors(t *testing.T) {
	at := func(host string, port int) ceph.Endpoint { return ceph.Endpoint{Host: host, Port: port} }
	standard := ceph.Monitor{V1: at("192.0.2.1", 6789), V2: at("192.0.2.1", 3300)}
	odd := ceph.Monitor{V1: at("192.0.2.2", 40001), V2: at("192.0.2.2", 40000)}
	legacy := ceph.Monitor{V1: at("2001:db8::3", 6789)}
	all := []ceph.Monitor{legacy, odd, standard}
	got := clusterMonitors(all)
	want := []monitor{{"192.0.2.1", 0}, {"192.0.2.2", 40000}, {"2001:db8::3", 6789}}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("got %v", got)
	}
}

// Ours is found by alias; an imported disk by target and source; anybody else's never.
func TestFind(t *testing.T) {
	disk := func(alias, target, source string) libvirtxml.DomainDisk {
		return libvirtxml.DomainDisk{
			Alias: &libvirtxml.DomainAlias{Name: alias}, Target: &libvirtxml.DomainDiskTarget{Dev: target},
			Source: &libvirtxml.DomainDiskSource{Network: &libvirtxml.DomainDiskSourceNetwork{Protocol: "rbd", Name: source}},
		}
	}
	const source = "libvirt-pool/librbd"
	for name, c := range map[string]struct {
		disk       libvirtxml.DomainDisk
		remembered memory
		found      bool
	}{
		"by alias":                 {disk(ownAlias(testDomain, "vdb"), "vdb", "libvirt-pool/changed"), memory{}, true},
		"no alias, same source":    {disk("virtio-disk1", "vdb", source), memory{}, false},
		"imported":                 {disk("virtio-disk1", "vdb", source), memory{Imported: true}, true},
		"imported, other source":   {disk("virtio-disk1", "vdb", "libvirt-pool/theirs"), memory{Imported: true}, false},
		"imported, renamed source": {disk("virtio-disk1", "vdb", "libvirt-pool/old"), memory{Imported: true, FormerSources: []string{"libvirt-pool/old"}}, true},
		"another domain's alias":   {disk(ownAlias("another", "vdb"), "vdb", source), memory{Imported: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := plain()
			domain := libvirt.Domain{UUID: testDomain, Saved: &libvirtxml.Domain{Devices: &libvirtxml.DomainDeviceList{Disks: []libvirtxml.DomainDisk{c.disk}}}}
			if found := find(domain, &m, c.remembered); (found.saved != nil) != c.found || found.live != nil {
				t.Errorf("found %+v", found)
			}
		})
	}
}

func TestPendingRestart(t *testing.T) {
	m := plain()
	saved := m.newXML("")
	m.IOTune = fromIOTune(&iotune{TotalIopsSec: 5}, "")
	m.Monitors = monitorSet([]monitor{{"192.0.2.7", 0}})
	live := m.newXML("")
	d := disks{saved: &saved, live: &live}
	if d.pendingRestart() || !d.monitorsStale() {
		t.Errorf("pending %v, stale %v", d.pendingRestart(), d.monitorsStale())
	}
	live.Serial = "other"
	if !d.pendingRestart() {
		t.Error("another serial waits for no restart")
	}
}

func TestCheckBus(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*model)
		at     string
	}{
		"fits":             {func(*model) {}, ""},
		"target":           {func(m *model) { m.TargetDev = types.StringValue("sdb") }, "target_dev"},
		"wwn on virtio":    {func(m *model) { m.WWN = types.StringValue("5000c50015ea71ac") }, "wwn"},
		"long serial":      {func(m *model) { m.Serial = types.StringValue(strings.Repeat("x", 21)) }, "serial"},
		"serial that fits": {func(m *model) { m.Serial = types.StringValue(strings.Repeat("x", 20)) }, ""},
		"drive on virtio":  {func(m *model) { m.Address = addressObject("drive", nil, nil, nil, ptr(1)) }, "address"},
		"cdrom on virtio":  {func(m *model) { m.Device = types.StringValue("cdrom") }, "device"},
		"queues on scsi": {func(m *model) {
			m.Bus, m.TargetDev, m.Queues = types.StringValue("scsi"), types.StringValue("sda"), types.Int64Value(1)
		}, "queues"},
		"bus not known yet": {func(m *model) { m.Bus, m.TargetDev = types.StringUnknown(), types.StringValue("sdb") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := plain()
			c.change(&m)
			var diags diag.Diagnostics
			checkBus(&m, &diags)
			var at []string
			for _, d := range diags {
				if located, ok := d.(diag.DiagnosticWithPath); ok {
					at = append(at, located.Path().String())
				}
			}
			if strings.Join(at, " ") != c.at {
				t.Errorf("%v", diags)
			}
		})
	}
}
