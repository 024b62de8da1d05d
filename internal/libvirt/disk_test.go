package libvirt

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

const diskXML = `<disk type='network' device='disk'>
  <driver name='qemu' type='raw' cache='none'/>
  <auth username='libvirt'><secret type='ceph' uuid='11111111-2222-4333-8444-555555555555'/></auth>
  <source protocol='rbd' name='vms/one'><host name='192.0.2.1'/><host name='192.0.2.2' port='3300'/></source>
  <target dev='vdb' bus='virtio'/>
  <iotune><total_iops_sec>100</total_iops_sec></iotune>
  <serial>abc</serial>
  <boot order='2'/>
  <alias name='ua-ceph-1'/>
  <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
</disk>`

func diskFrom(t *testing.T, edits ...string) Disk {
	t.Helper()
	text := diskXML
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("%q isn't there to be replaced", edits[i])
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	return definitionOf(t, text).Disks[0]
}

// definitionOf is a domain's definition with these disks.
func definitionOf(t *testing.T, disks ...string) *Definition {
	t.Helper()
	return expect.Value(ParseDefinition("<domain type='kvm'><name>guest</name><devices><emulator>/usr/bin/qemu</emulator>" +
		strings.Join(disks, "") + "</devices></domain>"))(t)
}

func TestOursIsFoundAndTheirsIsNot(t *testing.T) {
	const alias = "<alias name='ua-ceph-1'/>"
	ours := diskFrom(t)
	imported := diskFrom(t, alias, "")
	for name, c := range map[string]struct {
		wanted, there Disk
		same          bool
	}{
		"itself":                                 {ours, ours, true},
		"ours, renamed image and another target": {ours, diskFrom(t, "vms/one", "vms/renamed", "vdb", "vdc"), true},
		"theirs on our target":                   {ours, diskFrom(t, "ua-ceph-1", "ua-theirs"), false},
		"our target without an alias":            {ours, imported, false},
		"imported":                               {imported, diskFrom(t, alias, "<alias name='virtio-disk1'/>"), true},
		"imported, another source there":         {imported, diskFrom(t, "vms/one", "vms/two", alias, ""), false},
		"imported, somebody's alias there":       {imported, ours, false},
		"imported, another target":               {imported, diskFrom(t, "vdb", "vdc", alias, ""), false},
	} {
		if got := sameDisk(&Definition{Disks: []Disk{c.there}}, c.wanted) != nil; got != c.same {
			t.Errorf("%s: %v", name, got)
		}
	}
	if sameDisk(nil, ours) != nil || sameDisk(&Definition{}, ours) != nil {
		t.Error("found in nothing")
	}
}

func TestDifferencesAreNamed(t *testing.T) {
	for want, edit := range map[string][]string{
		"": {
			"<host name='192.0.2.1'/><host name='192.0.2.2' port='3300'/>", "<host name='192.0.2.2' port='3300'/><host name='192.0.2.1' port='0'/>",
		},
		"monitors":   {"192.0.2.1", "192.0.2.9"},
		"image":      {"vms/one", "vms/two"},
		"user":       {"username='libvirt'", "username='other'"},
		"cache":      {"cache='none'", "cache='writeback'"},
		"iotune":     {"100", "200"},
		"bus":        {"bus='virtio'", "bus='scsi'"},
		"boot_order": {"<boot order='2'/>", ""},
		"read_only":  {"<serial>", "<readonly/><serial>"},
		"shareable":  {"<serial>", "<shareable/><serial>"},
		"serial":     {"abc", "ab"},
		"wwn":        {"<serial>", "<wwn>5000c50015ea71aa</wwn><serial>"},
		"vendor":     {"<serial>", "<vendor>V</vendor><serial>"},
		"product":    {"<serial>", "<product>P</product><serial>"},
		"queue_size": {"cache='none'", "cache='none' queue_size='256'"},
		"blockio":    {"<serial>", "<blockio physical_block_size='4096'/><serial>"},
		"alias":      {"ua-ceph-1", "ua-ceph-2"},
		"address":    {"bus='0x01'", "bus='0x02'"},
	} {
		got := strings.Join(notAsAsked(diskFrom(t), diskFrom(t, edit...)), ",")
		if got != want {
			t.Errorf("%q instead of %q", got, want)
		}
	}
	asked := diskFrom(t, "<alias name='ua-ceph-1'/>", "", "  <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>\n",
		"", "<driver name='qemu' type='raw' cache='none'/>", "<driver cache='none'/>")
	if got := notAsAsked(asked, diskFrom(t)); len(got) != 0 {
		t.Errorf("what libvirt fills in counts as different: %v", got)
	}
}

func TestEveryLimitIsSent(t *testing.T) {
	params := Limits{Rates: map[string]uint64{"total_iops_sec": 5}}.parameters()
	if len(params) != 19 {
		t.Errorf("%d limits", len(params))
	}
	for _, p := range params {
		want := uint64(0)
		if p.Field == "total_iops_sec" {
			want = 5
		}
		if p.Value.I != want {
			t.Errorf("%s is %v", p.Field, p.Value.I)
		}
	}
	if len(Limits{Group: "g"}.parameters()) != 20 {
		t.Error("the group is missing")
	}
}

// libvirt fills in a burst of one second and a group for each disk, which nobody asked for.
func TestLimitsAsRead(t *testing.T) {
	for name, c := range map[string]struct {
		inner string
		want  Limits
	}{
		"filled in": {"<total_iops_sec_max>3</total_iops_sec_max><total_iops_sec_max_length>1</total_iops_sec_max_length>" +
			"<group_name>drive-ua-ceph-1</group_name>", Limits{Rates: map[string]uint64{"total_iops_sec_max": 3}}},
		"a group": {
			"<total_iops_sec>5</total_iops_sec><group_name>fast</group_name>", Limits{Rates: map[string]uint64{"total_iops_sec": 5}, Group: "fast"},
		},
		"no limit": {"<group_name>drive-ua-ceph-1</group_name>", Limits{}},
		"a longer burst": {
			"<read_iops_sec_max>3</read_iops_sec_max><read_iops_sec_max_length>2</read_iops_sec_max_length>",
			Limits{Rates: map[string]uint64{"read_iops_sec_max": 3, "read_iops_sec_max_length": 2}},
		},
		"nothing at all":    {"", Limits{}},
		"libvirt's groups":  {"<group_name>libvirt-3</group_name>", Limits{}},
		"of libvirt's node": {"<group_name>libvirt-3-format</group_name>", Limits{}},
		"a group's name":    {"<group_name>libvirt-gold</group_name>", Limits{Group: "libvirt-gold"}},
	} {
		if got := diskFrom(t, "<total_iops_sec>100</total_iops_sec>", c.inner).Limits; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestTheProbeIsTheGuestsKindAndNothingElse(t *testing.T) {
	id := uuid.New()
	like := Domain{Saved: expect.Value(ParseDefinition(`<domain type='kvm'>
		<name>guest</name><os><type arch='x86_64' machine='q35'>hvm</type></os>
		<cpu mode='host-model'><topology sockets='1' dies='1' cores='4' threads='2'/>
		<numa><cell id='0' cpus='0-7' memory='1' unit='GiB'/></numa></cpu>
		<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>` + diskXML + `</devices></domain>`))(t)}
	disk := diskFrom(t, "cache='none'", "cache='none' iothread='2'")
	text, err := probeXML(id, like, disk, probeMark{Until: "2026-01-02T03:04:05Z"})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`type="kvm"`, `machine="q35"`, "/usr/bin/qemu-system-x86_64", probePrefix + id.String(),
		`<memory unit="MiB">4<`, `name="vms/one"`,
	} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in %s", part, text)
		}
	}
	if !strings.Contains(text, `model="none"></controller>`) {
		t.Error("the probe has a USB controller that it doesn't need")
	}
	stick := disk
	stick.Target, stick.Bus = "sda", "usb"
	if onUSB, err := probeXML(id, like, stick, probeMark{}); err != nil || strings.Contains(onUSB, "<controller") {
		t.Errorf("no USB in the probe of a disk on that bus: %v %s", err, onUSB)
	}
	for _, part := range []string{"iothread", "<address", "<alias", "<boot", "iotune", "<cpu"} {
		if strings.Contains(text, part) {
			t.Errorf("%q is in %s", part, text)
		}
	}
	if text := expect.Value(disk.Element())(t); !strings.Contains(text, "iothread") || !strings.Contains(text, "<address") {
		t.Error("the guest's disk was changed")
	}
	var doc libvirtxml.Domain
	if err := doc.Unmarshal(text); err != nil {
		t.Fatal(err)
	}
	end := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if probeLeftOver(&doc, end) || !probeLeftOver(&doc, end.Add(time.Second)) {
		t.Error("the time limit of a probe isn't obeyed")
	}
	if probeLeftOver(&libvirtxml.Domain{}, end.Add(time.Hour)) {
		t.Error("a domain without our mark is taken for a probe")
	}
	if like.Saved.doc.OS.Type.Arch = "aarch64"; true {
		if text, _ = probeXML(id, like, disk, probeMark{}); !strings.Contains(text, "host-model") {
			t.Error("the CPU is missing where there is no default one")
		}
		if strings.Contains(text, "<topology") || strings.Contains(text, "<numa") || like.Saved.doc.CPU.Topology == nil {
			t.Errorf("the CPUs of the guest are counted in the probe, or not in the guest: %s", text)
		}
	}
}

func TestWhetherAProcessIsGone(t *testing.T) {
	me := thisProcess()
	if me == "" {
		t.Skip("this system has no /proc")
	}
	fields := strings.Fields(me)
	for owner, gone := range map[string]bool{
		me: false, "": false, "elsewhere 1 1": false, fields[0]: false, fields[0] + " x": false,
		fmt.Sprintf("%s %s 1", fields[0], fields[1]): true, // the number is used again
		fields[0] + " 999999999 1":                   true,
	} {
		if got := processGone(owner); got != gone {
			t.Errorf("%q: %v", owner, got)
		}
	}
	if slices.Contains(fields, "") {
		t.Error(me)
	}
}
