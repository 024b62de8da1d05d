package libvirt

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"libvirt.org/go/libvirtxml"
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

func diskFrom(t *testing.T, edits ...string) libvirtxml.DomainDisk {
	t.Helper()
	text := diskXML
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("%q isn't there to be replaced", edits[i])
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	var disk libvirtxml.DomainDisk
	if err := disk.Unmarshal(text); err != nil {
		t.Fatal(err)
	}
	return disk
}

func domainWith(disks ...libvirtxml.DomainDisk) *libvirtxml.Domain {
	return &libvirtxml.Domain{Devices: &libvirtxml.DomainDeviceList{Disks: disks}}
}

func TestOursIsFoundAndTheirsIsNot(t *testing.T) {
	const alias = "<alias name='ua-ceph-1'/>"
	ours := diskFrom(t)
	imported := diskFrom(t, alias, "")
	for name, c := range map[string]struct {
		wanted, there libvirtxml.DomainDisk
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
		if got := theSame(domainWith(c.there), c.wanted) != nil; got != c.same {
			t.Errorf("%s: %v", name, got)
		}
	}
	if theSame(nil, ours) != nil || theSame(&libvirtxml.Domain{}, ours) != nil {
		t.Error("found in nothing")
	}
}

func TestDifferencesAreNamed(t *testing.T) {
	for want, edit := range map[string][]string{
		"":           {"<host name='192.0.2.1'/><host name='192.0.2.2' port='3300'/>", "<host name='192.0.2.2' port='3300'/><host name='192.0.2.1' port='0'/>"},
		"source":     {"192.0.2.1", "192.0.2.9"},
		"auth":       {"username='libvirt'", "username='other'"},
		"driver":     {"cache='none'", "cache='writeback'"},
		"iotune":     {"100", "200"},
		"target":     {"bus='virtio'", "bus='scsi'"},
		"boot order": {"<boot order='2'/>", ""},
		"readonly":   {"<serial>", "<readonly/><serial>"},
		"shareable":  {"<serial>", "<shareable/><serial>"},
		"serial":     {"abc", "ab"},
		"wwn":        {"<serial>", "<wwn>5000c50015ea71aa</wwn><serial>"},
		"alias":      {"ua-ceph-1", "ua-ceph-2"},
		"address":    {"bus='0x01'", "bus='0x02'"},
	} {
		got := strings.Join(differences(diskFrom(t), diskFrom(t, edit...)), ",")
		if got != want {
			t.Errorf("%q instead of %q", got, want)
		}
	}
	asked := diskFrom(t, "<alias name='ua-ceph-1'/>", "", "  <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>\n", "",
		"<driver name='qemu' type='raw' cache='none'/>", "<driver cache='none'/>")
	if got := differences(asked, diskFrom(t)); len(got) != 0 {
		t.Errorf("what libvirt fills in counts as different: %v", got)
	}
}

func TestEveryLimitIsSent(t *testing.T) {
	params := iotuneParameters(iotune{TotalIopsSec: 5})
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
	if len(iotuneParameters(iotune{GroupName: "g"})) != 20 {
		t.Error("the group is missing")
	}
	if !sameLimits(iotune{TotalIopsSecMax: 3}, iotune{TotalIopsSecMax: 3, TotalIopsSecMaxLength: 1, GroupName: "drive-x"}) {
		t.Error("what libvirt fills in counts as different")
	}
	if sameLimits(iotune{TotalIopsSec: 3}, iotune{}) || sameLimits(iotune{}, iotune{ReadIopsSecMaxLength: 2}) {
		t.Error("a difference was missed")
	}
}

func TestTheProbeIsTheGuestsKindAndNothingElse(t *testing.T) {
	id := uuid.New()
	like := Domain{Saved: &libvirtxml.Domain{
		Type: "kvm", Name: "guest", UUID: "x",
		OS:      &libvirtxml.DomainOS{Type: &libvirtxml.DomainOSType{Arch: "x86_64", Machine: "q35", Type: "hvm"}},
		CPU:     &libvirtxml.DomainCPU{Mode: "host-model"},
		Devices: &libvirtxml.DomainDeviceList{Emulator: "/usr/bin/qemu-system-x86_64", Disks: []libvirtxml.DomainDisk{diskFrom(t)}},
	}}
	disk := diskFrom(t, "cache='none'", "cache='none' iothread='2'")
	text, err := probeXML(id, like, disk, probeMark{Until: "2026-01-02T03:04:05Z"})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`type="kvm"`, `machine="q35"`, "/usr/bin/qemu-system-x86_64", probePrefix + id.String(), `<memory unit="MiB">4<`, `name="vms/one"`} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in %s", part, text)
		}
	}
	if !strings.Contains(text, `model="none"></controller>`) {
		t.Error("the probe has a USB controller that it doesn't need")
	}
	stick := disk
	stick.Target = &libvirtxml.DomainDiskTarget{Dev: "sda", Bus: "usb"}
	if onUSB, err := probeXML(id, like, stick, probeMark{}); err != nil || strings.Contains(onUSB, "<controller") {
		t.Errorf("no USB in the probe of a disk on that bus: %v %s", err, onUSB)
	}
	for _, part := range []string{"iothread", "<address", "<alias", "<boot", "iotune", "<cpu"} {
		if strings.Contains(text, part) {
			t.Errorf("%q is in %s", part, text)
		}
	}
	if disk.Driver.IOThread == nil || disk.Address == nil {
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
	if like.Saved.OS.Type.Arch = "aarch64"; true {
		if text, _ = probeXML(id, like, disk, probeMark{}); !strings.Contains(text, "host-model") {
			t.Error("the CPU is missing where there is no default one")
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
