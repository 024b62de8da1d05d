//go:build cgo

package libvirtrbddisk_test

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// inWords matches a message however Terraform wraps it.
func inWords(text string) *regexp.Regexp {
	return regexp.MustCompile(strings.Join(strings.Fields(regexp.QuoteMeta(text)), `\s+`))
}

// What can't work is refused before the running guest is touched.
func TestAccLibvirtRBDDisk_refusedBeforeAttach(t *testing.T) {
	prepare(t)
	const name = "refused"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	other := running(t, "kvm1", testbed.GuestOptions{Name: "refused-other"})
	image(t, "east", name, "16M")
	image(t, "east", "refused-watched", "16M")
	virshIn(t, "kvm1", handXML(t, "east", "refused-watched", "vdb"), "attach-device", other.Name, "/dev/stdin", "--live")
	virshIn(t, "kvm1", "<secret ephemeral='no' private='no'><uuid>10085c23-2177-242d-7661-c785df7f6230</uuid><usage type='ceph'><name>no value</name></usage></secret>",
		"secret-define", "/dev/stdin")
	defineSecret(t, "kvm1", "11085c23-2177-242d-7661-c785df7f6230", "twice", base64.StdEncoding.EncodeToString([]byte(acctest.Ceph(t, "east", "auth", "get-key", "client.libvirt"))))
	acctest.Ceph(t, "east", "auth", "get-or-create", "client.reader", "mon", "profile rbd", "osd", "profile rbd-read-only")
	defineSecret(t, "kvm1", "12085c23-2177-242d-7661-c785df7f6230", "reader", acctest.Ceph(t, "east", "auth", "get-key", "client.reader"))
	for what, c := range map[string]struct {
		image       string
		assignments []string
		want        string
	}{
		"no image":           {"nosuch", nil, `Cluster "east" has no image libvirt-pool/nosuch.`},
		"no pool":            {name, []string{`pool = "nosuch"`}, `has no pool "nosuch"`},
		"no user":            {name, []string{`user = "nosuch"`}, `Cluster "east" has no user client.nosuch.`},
		"no secret":          {name, []string{`secret_uuid = "66666666-2177-242d-7661-c785df7f6230"`}, `Hypervisor "kvm1" has no secret 66666666-2177-242d-7661-c785df7f6230.`},
		"no value":           {name, []string{`secret_uuid = "10085c23-2177-242d-7661-c785df7f6230"`}, `has no value.`},
		"other cluster's":    {name, []string{fmt.Sprintf("secret_uuid = %q", westSecret)}, `does not hold the key of client.libvirt on cluster "east".`},
		"encoded twice":      {name, []string{`secret_uuid = "11085c23-2177-242d-7661-c785df7f6230"`}, `Its value is the key's base64 text.`},
		"no right to write":  {name, []string{`user = "reader"`, `secret_uuid = "12085c23-2177-242d-7661-c785df7f6230"`}, `client.reader`},
		"watched":            {"refused-watched", []string{`timeouts = { create = "8s" }`}, `is open elsewhere:`},
		"size of the image":  {name, []string{`size = "1GiB"`}, `The disk's size is 1GiB, but image libvirt-pool/refused has 16MiB.`},
		"no domain":          {name, []string{`domain = "nosuch"`}, `Hypervisor "kvm1" has no domain "nosuch".`},
		"monitors are dead":  {name, []string{`monitors = [{ host = "127.0.0.1", port = 9 }]`, `timeouts = { create = "12s" }`}, `it was not opened in time`},
		"namespace, old":     {name, []string{`namespace = "ns"`}, `can't open images in an RBD namespace.`},
		"boot order, domain": {name, []string{`boot_order = 1`}, `can't have a boot order by device.`},
	} {
		t.Run(what, func(t *testing.T) {
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{{
				Config: acctest.Provider(t) + block(name, c.image, c.assignments...), ExpectError: inWords(c.want),
			}}})
			if diskOf(t, "kvm1", name, "vdb", true) != nil || diskOf(t, "kvm1", name, "vdb", false) != nil {
				t.Error("the disk was attached")
			}
		})
	}
	if disks, err := g.Disks(t.Context()); err != nil || len(disks) != 0 {
		t.Errorf("the guest sees %v, %v", disks, err)
	}
	if list := acctest.Virsh(t, "kvm1", "list", "--all", "--name"); strings.Contains(list, "probe") {
		t.Errorf("a probe is left: %s", list)
	}
}

// A cluster that is down is no reason to fail a refresh of the disk, or to keep it from being detached.
func TestAccLibvirtRBDDisk_clusterDown(t *testing.T) {
	prepare(t)
	const name = "down"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "west", name, "16M")
	west := func(assignments ...string) string {
		return acctest.Provider(t) + block(name, name, append(assignments, `cluster = "west"`, fmt.Sprintf("secret_uuid = %q", westSecret))...)
	}
	t.Cleanup(func() {
		if err := acctest.Bed(t).Cluster("west").Resume(); err != nil {
			t.Error(err)
		}
	})
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: west()},
		{
			PreConfig: func() {
				if err := acctest.Bed(t).Cluster("west").Pause(); err != nil {
					t.Fatal(err)
				}
			},
			Config: west(), ConfigPlanChecks: planned(plancheck.ResourceActionNoop),
		},
		{Config: west(`cache = "none"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate)},
		{Config: acctest.Provider(t), Check: check(func() error {
			if diskOf(t, "kvm1", name, "vdb", true) != nil {
				return fmt.Errorf("the disk is still there")
			}
			return nil
		})},
	}})
}

// Mistakes that are found without a connection, at the attribute that is to blame.
func TestAccLibvirtRBDDisk_badInput(t *testing.T) {
	prepare(t)
	const name = "input"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	for _, c := range []struct {
		assignments []string
		want        string
	}{
		{[]string{`size = "30GB"`}, `"30GB" is not a size.`},
		{[]string{`hypervisor = "nosuch"`}, `has no hypervisor "nosuch". It has "kvm1", "kvm2".`},
		{[]string{`cluster = "nosuch"`}, `The provider block has no cluster "nosuch". It has "east", "west".`},
		{[]string{`secret_uuid = "nosuch"`}, `"nosuch" is not a UUID`},
		{[]string{`user = "client.libvirt"`}, `Write the user's name without "client."`},
		{[]string{`pool = "a/b"`}, `must be the name of a pool`},
		{[]string{`image = "a@b"`}, `must be the name of an image`},
		{[]string{`target_dev = "xyz"`}, `must be a target such as`},
		{[]string{`target_dev = "sda"`}, `The target of a disk on bus "virtio" begins with "vd"`},
		{[]string{`bus = "sata"`}, `The target of a disk on bus "sata" begins with "sd"`},
		{[]string{`io = "native"`}, `io = "native" needs cache = "none" or "directsync"`},
		{[]string{`io = "native"`, `cache = "writeback"`}, `io = "native" needs cache`},
		{[]string{`bus = "scsi"`, `target_dev = "sda"`, `queues = 2`}, `queues is for disks on bus "virtio".`},
		{[]string{`bus = "scsi"`, `target_dev = "sda"`, `iothread = 1`}, `iothread is for disks on bus "virtio".`},
		{[]string{`wwn = "5000c50015ea71ac"`}, `has no World Wide Name`},
		{[]string{`serial = "123456789012345678901"`}, `shows the guest only the first 20`},
		{[]string{`serial = "a b"`}, `must be letters, digits`},
		{[]string{`boot_order = 0`}, `must be between 1 and`},
		{[]string{`copy_on_read = true`, `read_only = true`}, `A read-only disk can't copy`},
		{[]string{`device = "cdrom"`}, `A CD-ROM can't be on bus "virtio".`},
		{[]string{`address = { type = "drive", unit = "1" }`}, `A disk on bus "virtio" has an address of type "pci".`},
		{[]string{`address = { type = "pci", unit = "1" }`}, `An address of type "pci" has no unit.`},
		{[]string{`address = { type = "pci", slot = "0x20" }`}, `"0x20" is not a number from 0 to 31`},
		{[]string{`address = { type = "pci", slot = "012" }`}, `could be meant as octal`},
		{[]string{`monitors = []`}, `must contain at least 1`},
		{[]string{`monitors = [{ host = "v2:192.0.2.1" }]`}, `must be a host name or an address`},
		{[]string{`monitors = [{ host = "192.0.2.1:6789" }]`}, `must be a host name or an address`},
		{[]string{`monitors = [{ host = "[2001:db8::1]" }]`}, `must be a host name or an address`},
		{[]string{`monitors = [{ host = "192.0.2.1", port = 70000 }]`}, `must be between 1 and 65535`},
		{[]string{`config_file = "east.conf"`}, `must be an absolute path`},
		{[]string{`iotune = { total_iops_sec = 1, read_iops_sec = 1 }`}, `exclude each other`},
		{[]string{`iotune = { total_iops_sec_max = 1 }`}, `is how far a burst may go beyond total_iops_sec`},
		{[]string{`iotune = { total_iops_sec = 1, total_iops_sec_max_length = 1 }`}, `is the length of the burst`},
		{[]string{`snapshot = "s"`, `size = "1GiB"`}, `A snapshot never changes its size`},
		{[]string{`on_source_change = "maybe"`}, `value must be one of`},
		{[]string{`cluster = null`, `monitors = null`}, `neither which cluster its image is on nor where the monitors are`},
		{[]string{`cluster = null`, `monitors = [{ host = "192.0.2.1" }]`, `size = "1GiB"`}, `size needs a cluster.`},
	} {
		t.Run(strings.Join(c.assignments, ", "), func(t *testing.T) {
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{{
				Config: acctest.Provider(t) + block(name, name, c.assignments...), PlanOnly: true, ExpectError: inWords(c.want),
			}}})
		})
	}
}
