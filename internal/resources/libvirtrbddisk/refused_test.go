//go:build cgo

package libvirtrbddisk_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// refusal is a resource that is refused, and the words that tell why.
type refusal struct {
	what        string
	image       string
	assignments []string
	want        string
}

// refused applies (or plans) all of them at once, on one domain, each under its own label and at its own target. Each must be refused with
// its words at its own address.
func refused(t *testing.T, domain string, planOnly bool, list []refusal) {
	t.Helper()
	config := acctest.Provider(t)
	for i, r := range list {
		target := fmt.Sprintf("target_dev = \"vd%c%c\"", 'a'+i/26, 'a'+i%26)
		assignments := r.assignments
		if !strings.Contains(strings.Join(assignments, " "), "target_dev") {
			assignments = append([]string{target}, assignments...)
		}
		config += strings.Replace(block(domain, r.image, assignments...), `"test"`, fmt.Sprintf(`"r%d"`, i), 1)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		ErrorCheck: func(err error) error {
			diagnostics := strings.Split(err.Error(), "Error: ")
			var missing []error
			for i, r := range list {
				found := slices.ContainsFunc(diagnostics, func(d string) bool {
					return strings.Contains(d, fmt.Sprintf("libvirt_rbd_disk.r%d,", i)) && acctest.Message(r.want).MatchString(d)
				})
				if !found {
					missing = append(missing, fmt.Errorf("%s (r%d): not refused with %q", r.what, i, r.want))
				}
			}
			if len(missing) > 0 {
				missing = append(missing, err)
			}
			return errors.Join(missing...)
		},
		Steps: []resource.TestStep{
			{Config: config, PlanOnly: planOnly, Check: check(func() error { return fmt.Errorf("nothing was refused") })},
		},
	})
}

// What can't work is refused before the running guest is touched.
func TestAccLibvirtRBDDisk_refusedBeforeAttach(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "refused"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	other := running(t, "kvm1", testbed.GuestOptions{Name: "refused-other"})
	image(t, "east", name, "16M")
	image(t, "east", "refused-watched", "16M")
	image(t, "east", "refused-dead", "16M")
	acctest.VirshIn(t, "kvm1", handXML(t, "east", "refused-watched", "vdb"), "attach-device", other.Name, "/dev/stdin", "--live")
	acctest.VirshIn(t, "kvm1", "<secret ephemeral='no' private='no'><uuid>10085c23-2177-242d-7661-c785df7f6230</uuid><usage"+
		" type='ceph'><name>no value</name></usage></secret>",
		"secret-define", "/dev/stdin")
	defineSecret(t, "kvm1", "11085c23-2177-242d-7661-c785df7f6230", "twice",
		base64.StdEncoding.EncodeToString([]byte(acctest.Ceph(t, "east", "auth", "get-key", "client.libvirt"))))
	acctest.Ceph(t, "east", "auth", "get-or-create", "client.reader", "mon", "profile rbd", "osd", "profile rbd-read-only")
	defineSecret(t, "kvm1", "12085c23-2177-242d-7661-c785df7f6230", "reader", acctest.Ceph(t, "east", "auth", "get-key", "client.reader"))
	// The default timeouts end the wait for watchers and the probe: shorter ones could end another step.
	refused(t, name, false, []refusal{
		{"no domain", name, []string{`domain = "nosuch"`}, `Hypervisor "kvm1" has no domain "nosuch".`},
		{"no image", "nosuch", nil, `Cluster "east" has no image libvirt-pool/nosuch.`},
		{"no pool", name, []string{`pool = "nosuch"`}, `has no pool "nosuch"`},
		{"no user", name, []string{`user = "nosuch"`}, `Cluster "east" has no user client.nosuch.`},
		{
			"no secret", name,
			[]string{`secret_uuid = "66666666-2177-242d-7661-c785df7f6230"`},
			`Hypervisor "kvm1" has no secret 66666666-2177-242d-7661-c785df7f6230.`,
		},
		{"no value", name, []string{`secret_uuid = "10085c23-2177-242d-7661-c785df7f6230"`}, `has no value.`},
		{
			"other cluster's", name,
			[]string{fmt.Sprintf("secret_uuid = %q", westSecret)},
			`does not hold the key of client.libvirt on cluster "east".`,
		},
		{"encoded twice", name, []string{`secret_uuid = "11085c23-2177-242d-7661-c785df7f6230"`}, `Its value is the key's base64 text.`},
		{
			"no right to write", name,
			[]string{`user = "reader"`, `secret_uuid = "12085c23-2177-242d-7661-c785df7f6230"`},
			`Its caps don't let it write in pool`,
		},
		{"watched", "refused-watched", nil, `is open elsewhere:`},
		{"size of the image", name, []string{`size = "1GiB"`}, `The disk's size is 1GiB, but image libvirt-pool/refused has 16MiB.`},
		{"monitors are dead", "refused-dead", []string{`monitors = [{ host = "127.0.0.1", port = 9 }]`}, `it was not opened in time`},
	})
	inPlan := []refusal{{"boot order, domain", name, []string{`boot_order = 1`}, `can't have a boot order by device.`}}
	if !opensNamespaces(t) {
		inPlan = append(inPlan, refusal{"namespace, old", name, []string{`namespace = "ns"`}, `can't open images in an RBD namespace.`})
	}
	refused(t, name, true, inPlan)
	for _, saved := range []bool{true, false} {
		if disks := definition(t, "kvm1", name, saved).Devices.Disks; len(disks) > 0 {
			t.Errorf("disks were attached: %+v", disks)
		}
	}
	if disks, err := g.Disks(t.Context()); err != nil || len(disks) != 0 {
		t.Errorf("the guest sees %v, %v", disks, err)
	}
	for _, domain := range strings.Fields(acctest.Virsh(t, "kvm1", "list", "--all", "--name")) {
		if !strings.Contains(domain, "probe") {
			continue
		}
		// Other tests start probes too. One of them may have ended since the list was made.
		text, err := acctest.Bed(t).Hypervisor("kvm1").Virsh(t.Context(), "dumpxml", domain)
		if err == nil && strings.Contains(text, pool+"/"+name) {
			t.Errorf("a probe is left: %s", text)
		}
	}
}

// Mistakes are refused by the plan, at the attribute at fault.
func TestAccLibvirtRBDDisk_invalid(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "input"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	refused(t, name, true, []refusal{
		{"bad input", name, []string{`size = "30GB"`}, `"30GB" is not a size.`},
		{"bad input", name, []string{`secret_uuid = "nosuch"`}, `"nosuch" is not a UUID`},
		{"bad input", name, []string{`user = "client.libvirt"`}, `Write the user's name without "client."`},
		{"bad input", name, []string{`pool = "a/b"`}, `must be the name of a pool`},
		{"bad input", name, []string{`image = "a@b"`}, `must be the name of an image`},
		{"bad input", name, []string{`target_dev = "xyz"`}, `must be a target such as`},
		{"bad input", name, []string{`io = "native"`}, `io = "native" needs cache = "none" or "directsync"`},
		{"bad input", name, []string{`io = "native"`, `cache = "writeback"`}, `io = "native" needs cache`},
		{"bad input", name, []string{`bus = "scsi"`, `target_dev = "sda"`, `queues = 2`}, `queues is for disks on bus "virtio".`},
		{"bad input", name, []string{`bus = "scsi"`, `target_dev = "sda"`, `iothread = 1`}, `iothread is for disks on bus "virtio".`},
		{"bad input", name, []string{`bus = "scsi"`, `target_dev = "sda"`, `queue_size = 256`}, `queue_size is for disks on bus "virtio"`},
		{"bad input", name, []string{`queue_size = 2`}, `2 is not a power of 2 from 4 to 1024`},
		{"bad input", name, []string{`queue_size = 2048`}, `2048 is not a power of 2 from 4 to 1024`},
		{"bad input", name, []string{`blockio = { physical_block_size = 1000 }`}, `1000 is not a power of 2 from 512 to 2097152`},
		{"bad input", name, []string{`blockio = { logical_block_size = 4096 }`}, `Set physical_block_size = 4096`},
		{"bad input", name, []string{`bus = "scsi"`, `target_dev = "sda"`, `rotation_rate = 1024`}, `rotation_rate`},
		{"bad input", name, []string{`bus = "scsi"`, `target_dev = "sda"`, `vendor = "NINECHARS"`}, `must be 1 to 8, printable`},
		{"bad input", name, []string{`bus = "scsi"`, `target_dev = "sda"`, `product = " P"`}, `must be 1 to 16, printable`},
		{
			"bad input", name,
			[]string{`bus = "sata"`, `target_dev = "sda"`, `blockio = { logical_block_size = 4096, physical_block_size = 4096 }`},
			`has logical blocks of 512 bytes`,
		},
		{"bad input", name, []string{`serial = "a/b"`}, `must be letters, digits`},
		{"bad input", name, []string{`boot_order = 0`}, `must be between 1 and`},
		{"bad input", name, []string{`copy_on_read = true`, `read_only = true`}, `A read-only disk can't copy`},
		{"bad input", name, []string{`address = { type = "pci", unit = "1" }`}, `An address of type "pci" has no unit.`},
		{"bad input", name, []string{`address = { type = "pci", slot = "0x20" }`}, `"0x20" is not a number from 0 to 31`},
		{"bad input", name, []string{`address = { type = "pci", slot = "012" }`}, `could be meant as octal`},
		{"bad input", name, []string{`monitors = []`}, `must contain at least 1`},
		{"bad input", name, []string{`address = { unit = "1" }`}, `address.type has to be set`},
		{"bad input", name, []string{`monitors = [{ port = 6789 }]`}, `host has to be set`},
		{"bad input", name, []string{`monitors = [{ host = "v2:192.0.2.1" }]`}, `must be a host name or an address`},
		{"bad input", name, []string{`monitors = [{ host = "192.0.2.1:6789" }]`}, `must be a host name or an address`},
		{"bad input", name, []string{`monitors = [{ host = "[2001:db8::1]" }]`}, `must be a host name or an address`},
		{"bad input", name, []string{`monitors = [{ host = "192.0.2.1", port = 70000 }]`}, `must be between 1 and 65535`},
		{"bad input", name, []string{`config_file = "east.conf"`}, `must be an absolute path`},
		{"bad input", name, []string{`iotune = { total_iops_sec = 1, read_iops_sec = 1 }`}, `exclude each other`},
		{"bad input", name, []string{`iotune = { total_iops_sec_max = 1 }`}, `is how far a burst may go beyond total_iops_sec`},
		{"bad input", name, []string{`iotune = { total_iops_sec = 1, total_iops_sec_max_length = 1 }`}, `is the length of the burst`},
		{"bad input", name, []string{`iotune = { read_iops_sec = 2, read_iops_sec_max = 1 }`}, `read_iops_sec_max is below read_iops_sec`},
		{"bad input", name, []string{`iotune = { total_bytes_sec = 1, size_iops_sec = 1 }`}, `Set total_iops_sec too.`},
		{"bad input", name, []string{`iotune = { total_bytes_sec = 1000000000000001 }`}, `must be between 1 and 1000000000000000`},
		{"bad input", name, []string{`snapshot = "s"`}, `A snapshot can only be read. Set read_only = true`},
		{"bad input", name, []string{`snapshot = "s"`, `size = "1GiB"`}, `A snapshot never changes its size`},
		{"bad input", name, []string{`on_source_change = "maybe"`}, `value must be one of`},
	})
	refused(t, name, true, []refusal{
		{"bad input", name, []string{`target_dev = "sda"`}, `The target of a disk on bus "virtio" begins with "vd"`},
		{"bad input", name, []string{`bus = "sata"`}, `The target of a disk on bus "sata" begins with "sd"`},
		{"bad input", name, []string{`wwn = "5000c50015ea71ac"`}, `has no World Wide Name`},
		{"bad input", name, []string{`vendor = "V"`}, `vendor is for disks on bus "scsi"`},
		{"bad input", name, []string{`product = "P"`}, `product is for disks on bus "scsi"`},
		{"bad input", name, []string{`rotation_rate = 1`}, `tells the guest no rotation_rate`},
		{"bad input", name, []string{`serial = "123456789012345678901"`}, `shows the guest only the first 20`},
		{"bad input", name, []string{`device = "cdrom"`}, `A CD-ROM can't be on bus "virtio".`},
		{"bad input", name, []string{`address = { type = "drive", unit = "1" }`}, `A disk on bus "virtio" has an address of type "pci".`},
		{"bad input", name, []string{`hypervisor = "nosuch"`}, `has no hypervisor "nosuch". It has "kvm1", "kvm2".`},
		{"bad input", name, []string{`cluster = "nosuch"`}, `The provider block has no cluster "nosuch". It has "east", "north", "west".`},
		{"bad input", name, []string{`cluster = null`, `monitors = null`}, `neither which cluster its image is on nor where the monitors are`},
		{"bad input", name, []string{`cluster = null`, `monitors = [{ host = "192.0.2.1" }]`, `size = "1GiB"`}, `size needs a cluster.`},
	})
}

// A domain that has the image already is not given it twice, however its definition names the image.
func TestAccLibvirtRBDDisk_imageNamedTwice(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "named-twice"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	var list []refusal
	west := []string{`cluster = "west"`, fmt.Sprintf("secret_uuid = %q", westSecret)}
	for i, m := range monitorSpellings(t) {
		target, imageName := fmt.Sprintf("vdz%c", 'a'+i), fmt.Sprintf("named-twice-%d", i)
		acctest.VirshIn(t, "kvm1", m.xml(imageName, target), "attach-device", name, "/dev/stdin", "--config")
		list = append(list, refusal{m.what, imageName, west, fmt.Sprintf(`already has image %s/%s, as disk %s.`, pool, imageName, target)})
	}
	overlay := fmt.Sprintf("<disk type='file'><driver name='qemu' type='qcow2'/><source file='/nosuch/overlay'/><backingStore"+
		" type='network'><format type='raw'/><source protocol='rbd' name='%s/named-twice-base'>%s</source></backingStore><target dev='vdzz'"+
		" bus='virtio'/></disk>", pool, monitorSpellings(t)[0].hosts)
	acctest.VirshIn(t, "kvm1", overlay, "attach-device", name, "/dev/stdin", "--config")
	list = append(list, refusal{
		"the base of an overlay", "named-twice-base", west,
		`already names image ` + pool + `/named-twice-base: vdzz, as the base of an overlay.`,
	})
	before := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive")
	refused(t, name, false, list)
	if after := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive"); after != before {
		t.Errorf("the definition changed:\n%s", after)
	}
	// A change of another disk doesn't give it the image twice either.
	for _, imageName := range []string{"named-twice-free", list[0].image} {
		image(t, "west", imageName, "4M")
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: acctest.Provider(t) + block(name, "named-twice-free", west...)},
		{Config: acctest.Provider(t) + block(name, list[0].image, west...), ExpectError: acctest.Message(list[0].want)},
	}})

	// What reads a snapshot of the image, here or in another domain, is neither a second writer nor destroyed by one.
	const template = "named-twice-template"
	image(t, "west", template, "4M")
	acctest.RBD(t, "west", "snap", "create", pool+"/"+template+"@before")
	for domain, other := range map[string]string{name: "vdzy", name + "-reader": "vdb"} {
		if domain != name {
			guest(t, "kvm1", testbed.GuestOptions{Name: domain})
		}
		reads := strings.Replace(handXML(t, "west", template, other), "</source>", "<snapshot name='before'/></source><readonly/>", 1)
		acctest.VirshIn(t, "kvm1", reads, "attach-device", domain, "/dev/stdin", "--config")
	}
	w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+block(name, template, west...))
	result := apply(t, w)
	expectChanges(t, "a snapshot of it is read", result, 1, 0, 0, 0)
	if text := result.said("warning"); strings.Contains(text, "named by other domains") {
		t.Errorf("warned of a disk that reads a snapshot: %s", text)
	}
}
