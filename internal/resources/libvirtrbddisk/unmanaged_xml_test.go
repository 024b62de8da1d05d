//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// unmanagedXML are disks by their target, each with XML that no attribute manages, and that a change of attributes must leave as it is.
// $POOL/$IMAGE is the image, $HOST and $PORT the monitor.
var unmanagedXML = map[string]string{
	"vdb": `<disk type='network' device='disk' snapshot='no' model='virtio-non-transitional'>
		<driver name='qemu' type='raw' rerror_policy='report' ioeventfd='on' event_idx='off' queue_size='256' iommu='on' ats='on'
			packed='on' page_per_vq='on'/>
		$AUTH<source protocol='rbd' name='$NAME'><host name='$HOST' port='$PORT'/></source><target dev='vdb' bus='virtio'/>
		<geometry cyls='16383' heads='16' secs='63'/><blockio logical_block_size='512' physical_block_size='4096'/></disk>`,
	// A secret by its usage, and a monitor by its DNS name.
	"vdc": `<disk type='network' device='disk'><driver name='qemu' type='raw'/>
		<auth username='libvirt'><secret type='ceph' usage='client.libvirt@east'/></auth>
		<source protocol='rbd' name='$NAME'><host name='localhost' port='$PORT'/></source><target dev='vdc' bus='virtio'/></disk>`,
	// The credentials within the source, a slice of the image, and encryption by librbd with a passphrase by its usage.
	"vdd": `<disk type='network' device='disk'><driver name='qemu' type='raw'/>
		<source protocol='rbd' name='$NAME'><host name='$HOST' port='$PORT'/>
		<auth username='libvirt'><secret type='ceph' usage='client.libvirt@east'/></auth>
		<encryption format='luks2' engine='librbd'><secret type='passphrase' usage='kept'/></encryption>
		<slices><slice type='storage' offset='1048576' size='2097152'/></slices></source><target dev='vdd' bus='virtio'/></disk>`,
	// Encryption beside the source, and a backing chain that ends.
	"vde": `<disk type='network' device='disk'><driver name='qemu' type='raw'/>
		$AUTH<source protocol='rbd' name='$NAME'><host name='$HOST' port='$PORT'/><config file='/dev/null'/></source><backingStore/>
		<target dev='vde' bus='virtio'/><encryption format='luks'><secret type='passphrase' usage='kept'/></encryption></disk>`,
	"vdf": `<disk type='network' device='disk'><driver name='qemu' type='raw'/>
		$AUTH<source protocol='rbd' name='$NAME'><host name='$HOST' port='$PORT'/></source><target dev='vdf' bus='virtio'/>
		<acpi index='7'/><address type='pci' domain='0x0000' bus='0x00' slot='0x1d' function='0x0' multifunction='on'/></disk>`,
	"sda": `<disk type='network' device='disk'><driver name='qemu' type='raw'/>
		$AUTH<source protocol='rbd' name='$NAME'><host name='$HOST' port='$PORT'/></source><target dev='sda' bus='scsi' rotation_rate='1'/>
		<serial>kept</serial><wwn>5000C50015EA71AA</wwn><vendor>VENDOR</vendor><product>PRODUCT</product></disk>`,
	"sdb": `<disk type='network' device='cdrom'><driver name='qemu' type='raw' copy_on_read='off'/>
		$AUTH<source protocol='rbd' name='$NAME'><host name='$HOST' port='$PORT'/></source><target dev='sdb' bus='scsi' tray='open'/>
		<readonly/></disk>`,
	"sdc": `<disk type='network' device='disk'><driver name='qemu' type='raw'/>
		$AUTH<source protocol='rbd' name='$NAME'><host name='$HOST' port='$PORT'/></source><target dev='sdc' bus='usb' removable='on'/></disk>`,
}

// unmanagedFixture is a domain with disks that somebody attached by hand.
type unmanagedFixture struct {
	t    *testing.T
	name string
	rows map[string]string
	w    *acctest.Workspace
}

func (f *unmanagedFixture) targets() []string { return slices.Sorted(maps.Keys(f.rows)) }

// attach attaches the disks by hand.
func (f *unmanagedFixture) attach(flags ...string) {
	f.t.Helper()
	monitor := acctest.Bed(f.t).Cluster("east").Monitors[0]
	for _, target := range f.targets() {
		text := strings.NewReplacer(
			"$AUTH", fmt.Sprintf("<auth username='libvirt'><secret type='ceph' uuid='%s'/></auth>", strings.ToUpper(eastSecret)),
			"$NAME", pool+"/"+f.name+"-"+target, "$HOST", monitor.Host, "$PORT", fmt.Sprint(monitor.V1Port),
		).Replace(f.rows[target])
		acctest.VirshIn(f.t, "kvm1", text, append([]string{"attach-device", f.name, "/dev/stdin"}, flags...)...)
	}
}

// write writes the configuration of the disks, each with the monitor of its definition, and more monitors.
func (f *unmanagedFixture) write(more string, assignments ...string) {
	f.t.Helper()
	monitor := acctest.Bed(f.t).Cluster("east").Monitors[0]
	text := source + acctest.Provider(f.t)
	for _, target := range f.targets() {
		host := monitor.Host
		if target == "vdc" {
			host = "localhost"
		}
		set := append([]string{
			fmt.Sprintf("target_dev = %q", target),
			fmt.Sprintf("monitors = [{ host = %q, port = %d }%s]", host, monitor.V1Port, more),
		}, assignments...)
		if target == "sdc" {
			set = append(set, `bus = "usb"`)
		} else if strings.HasPrefix(target, "sd") {
			set = append(set, `bus = "scsi"`)
		}
		if target == "vdd" {
			set = append(set, encrypted("luks2", "", passphraseSecret))
		}
		if target == "vde" {
			set = append(set, `config_file = "/dev/null"`, encrypted("luks", "qemu", passphraseSecret))
		}
		if target == "vdf" {
			set = append(set, `address = { type = "pci", slot = "29" }`)
		}
		if target == "vdb" {
			set = append(set, `queue_size = 256`, `blockio = { logical_block_size = 512, physical_block_size = 4096 }`)
		}
		if target == "sda" {
			set = append(set, `serial = "kept"`, `wwn = "5000C50015EA71AA"`, `rotation_rate = 1`, `vendor = "VENDOR"`, `product = "PRODUCT"`)
		}
		if target == "sdb" {
			set = append(set, `device = "cdrom"`)
		}
		text += strings.Replace(block(f.name, f.name+"-"+target, set...), `"test"`, fmt.Sprintf("%q", target), 1)
		text += fmt.Sprintf("import {\n  provider = ceph\n  to = %s.%s\n  id = \"kvm1/%s/%s\"\n}\n", diskType, target, f.name, target)
	}
	f.w.Write(f.t, text)
}

var changedByTest = regexp.MustCompile(`(?s)\n\s*<iotune>.*?</iotune>| cache='writeback'|\n\s*<host name='192.0.2.9'/>|\n\s*<alias` +
	` name='[^']*'/>| copy_on_read='off'`)

// saved returns what virsh shows of the saved definition, without what the test changes.
func (f *unmanagedFixture) saved() string {
	f.t.Helper()
	return changedByTest.ReplaceAllString(acctest.Virsh(f.t, "kvm1", "dumpxml", f.name, "--inactive"), "")
}

// A change of limits, of a setting, of monitors or of the size leaves all other XML of the disk as it is, whether the provider knows it
// or not.
func TestAccLibvirtRBDDisk_unmanagedXMLKept(t *testing.T) {
	prepare(t)
	t.Parallel()
	f := &unmanagedFixture{t: t, name: "kept", rows: unmanagedXML}
	preparePassphrase(t)
	guest(t, "kvm1", testbed.GuestOptions{Name: f.name, SCSI: true})
	doc := definition(t, "kvm1", f.name, true)
	for i := range doc.Devices.Controllers {
		if controller := &doc.Devices.Controllers[i]; controller.Type == "usb" {
			controller.Model = "qemu-xhci"
		}
	}
	define(t, doc)
	for _, target := range f.targets() {
		image(t, "east", f.name+"-"+target, "16M")
	}
	f.attach("--config")
	before := f.saved()
	f.w = acctest.NewWorkspaceOf(t, source+acctest.Provider(t))
	unchanged := func(when string) {
		t.Helper()
		if after := f.saved(); after != before {
			t.Errorf("%s: the rest has changed:\n%s\nbefore:\n%s", when, after, before)
		}
	}
	steps := []struct {
		name, monitors string
		assignments    []string
		shown          string
	}{
		{"imported", "", nil, ""},
		{"limits", "", []string{"iotune = { total_iops_sec = 1000 }"}, "<total_iops_sec>1000</total_iops_sec>"},
		{"cache", "", []string{"iotune = { total_iops_sec = 1000 }", `cache = "writeback"`}, "cache='writeback'"},
		{
			"monitors", `, { host = "192.0.2.9" }`,
			[]string{"iotune = { total_iops_sec = 1000 }", `cache = "writeback"`},
			"<host name='192.0.2.9'/>",
		},
		{"size", `, { host = "192.0.2.9" }`, []string{"iotune = { total_iops_sec = 1000 }", `cache = "writeback"`, `size = "16MiB"`}, ""},
	}
	for _, step := range steps {
		f.write(step.monitors, step.assignments...)
		got := apply(t, f.w)
		if step.name == "imported" {
			expectChanges(t, step.name, got, 0, 0, len(f.rows), 0)
		} else {
			expectChanges(t, step.name, got, 0, len(f.rows), 0, 0)
		}
		unchanged(step.name)
		if n := strings.Count(acctest.Virsh(t, "kvm1", "dumpxml", f.name, "--inactive"), step.shown); step.shown != "" && n != len(f.rows) {
			t.Errorf("%s: shown by %d disks", step.name, n)
		}
	}
	expectChanges(t, "again", apply(t, f.w), 0, 0, 0, 0)
}
