//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// monitorSpelling is a way in which a definition can say, or not say, where an image of the cluster west is.
type monitorSpelling struct {
	what, hosts string
}

func monitorSpellings(t *testing.T) []monitorSpelling {
	t.Helper()
	at := acctest.Bed(t).Cluster("west").Monitors[0]
	host := func(name string, port int) string { return fmt.Sprintf("<host name='%s' port='%d'/>", name, port) }
	return []monitorSpelling{
		{"by address", host(at.Host, at.V2Port)},
		{"by the older protocol's port", host(at.Host, at.V1Port)},
		{"by name", host("localhost", at.V2Port)},
		{"by name and the older protocol's port", host("localhost", at.V1Port)},
		{"a former monitor too", host("192.0.2.9", 6789) + host("localhost", at.V1Port)},
		{"by a name that means nothing here", host("mon.invalid", at.V2Port)},
		{"without a monitor", ""},
	}
}

func (m monitorSpelling) xml(image, target string) string {
	return fmt.Sprintf("<disk type='network' device='disk'><driver name='qemu' type='raw'/><auth username='libvirt'><secret type='ceph'"+
		" uuid='%s'/></auth><source protocol='rbd' name='%s/%s'>%s</source><target dev='%s' bus='virtio'/></disk>", westSecret, pool,
		image, m.hosts, target)
}

// An import finds the disk's cluster however its definition names the monitors, and the first plan changes nothing. Where the monitors
// don't tell, the key in the disk's secret does.
func TestAccLibvirtRBDDisk_importFindsCluster(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "mapped"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	config := acctest.Provider(t)
	var imports string
	var unchanged []plancheck.PlanCheck
	var there []resource.TestCheckFunc
	for i, m := range monitorSpellings(t) {
		label, target, imageName := fmt.Sprintf("r%d", i), fmt.Sprintf("vd%c", 'b'+i), fmt.Sprintf("mapped-%d", i)
		image(t, "west", imageName, "4M")
		acctest.VirshIn(t, "kvm1", m.xml(imageName, target), "attach-device", name, "/dev/stdin", "--config")
		imports += fmt.Sprintf("import {\n  provider = ceph\n  to = libvirt_rbd_disk.%s\n  id = \"kvm1/%s/%s\"\n}\n", label, name, target)
		config += strings.Replace(block(name, imageName, `cluster = "west"`, fmt.Sprintf("target_dev = %q", target),
			fmt.Sprintf("secret_uuid = %q", westSecret)),
			`"test"`, fmt.Sprintf("%q", label), 1)
		unchanged = append(unchanged, plancheck.ExpectResourceAction("libvirt_rbd_disk."+label, plancheck.ResourceActionNoop))
		there = append(there, resource.TestCheckResourceAttrSet("libvirt_rbd_disk."+label, "image_id"))
	}
	before := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive")
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{
			Config: config + imports, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: unchanged},
			Check: resource.ComposeAggregateTestCheckFunc(append(there, check(func() error {
				if after := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive"); after != before {
					return fmt.Errorf("the definition was\n%s\nand is\n%s", before, after)
				}
				return nil
			}))...),
		},
		{Config: config, PlanOnly: true},
	}})
}

// A disk whose cluster an import could not find gets the configured one in place.
func TestAccLibvirtRBDDisk_importWithoutCluster(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "adrift"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "west", name, "4M")
	// The secret of another user tells nothing.
	m := monitorSpelling{}
	acctest.VirshIn(t, "kvm1", strings.Replace(m.xml(name, "vdb"), westSecret, otherSecret, 1), "attach-device", name,
		"/dev/stdin", "--config")
	config := acctest.Provider(t) + block(name, name, `cluster = "west"`, fmt.Sprintf("secret_uuid = %q", westSecret))
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{
			Config:           config + fmt.Sprintf("import {\n  provider = ceph\n  to = %s\n  id = \"kvm1/%s/vdb\"\n}\n", address, name),
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check:            attr("cluster", "west"),
		},
		{Config: config, PlanOnly: true},
	}})
}

// A disk that was attached by hand is imported, changed, and found again without an alias of ours.
func TestAccLibvirtRBDDisk_importAttachedByHand(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "byhand"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	acctest.VirshIn(t, "kvm1", handXML(t, "east", name, "vdb"), "attach-device", name, "/dev/stdin", "--live", "--config")
	imported := acctest.Provider(t) + "import {\n  provider = ceph\n  to = " + address + "\n  id = \"kvm1/byhand/vdb\"\n}\n"
	config := func(assignments ...string) string { return acctest.Provider(t) + block(name, name, assignments...) }
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config(), ExpectError: regexp.MustCompile(`(?s)already has a disk vdb.*terraform import\s+ADDRESS\s+kvm1/byhand/vdb`)},
		{
			Config: imported + block(name, name), ConfigPlanChecks: planned(plancheck.ResourceActionNoop),
			Check: resource.TestCheckNoResourceAttr(address, "alias"),
		},
		{Config: config(`discard = "unmap"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: attr("pending_restart", "true")},
		{
			PreConfig: func() { acctest.RBD(t, "east", "rename", pool+"/"+name, pool+"/byhand-2") },
			Config:    acctest.Provider(t) + block(name, "byhand-2", `discard = "unmap"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: attr("live", "true"),
		},
		{Config: acctest.Provider(t), Check: check(func() error { return seesNone(g) })},
	}})
}

// A domain that is defined from its former XML under another UUID has a disk with our alias for the former one. It is refused with the
// command that imports it, and the import plans no change. The same disk under another target is imported too.
func TestAccLibvirtRBDDisk_importOfAnotherDomain(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "copied"
	g := guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "4M")
	config := func(target string) string {
		return acctest.Provider(t) + block(name, name, fmt.Sprintf("target_dev = %q", target))
	}
	imports := func(target string) string {
		return fmt.Sprintf("import {\n  provider = ceph\n  to = %s\n  id = \"kvm1/%s/%s\"\n}\n", address, name, target)
	}
	forget := acctest.Provider(t) + "removed {\n  from = " + address + "\n  lifecycle {\n    destroy = false\n  }\n}\n"
	edit := func(change func(text string) string) {
		text := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive")
		acctest.Virsh(t, "kvm1", "undefine", name)
		acctest.VirshIn(t, "kvm1", change(text), "define", "/dev/stdin")
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config("vdb")},
		{Config: forget},
		{
			PreConfig: func() {
				former := definition(t, "kvm1", name, true).UUID
				edit(func(text string) string { return strings.ReplaceAll(text, former, uuid.NewString()) })
			},
			Config: config("vdb"), ExpectError: regexp.MustCompile(`(?s)already has a disk vdb.*terraform import\s+ADDRESS\s+kvm1/copied/vdb`),
		},
		{Config: config("vdb") + imports("vdb"), ConfigPlanChecks: planned(plancheck.ResourceActionNoop)},
		{Config: forget},
		{
			PreConfig: func() {
				edit(func(text string) string { return strings.ReplaceAll(text, "dev='vdb'", "dev='vdc'") })
			},
			Config: config("vdc") + imports("vdc"), ConfigPlanChecks: planned(plancheck.ResourceActionNoop),
		},
		{Config: acctest.Provider(t), Check: check(func() error {
			if text := acctest.Virsh(t, "kvm1", "domblklist", g.Name, "--inactive"); strings.Contains(text, name) {
				return fmt.Errorf("the disk was not detached:\n%s", text)
			}
			return nil
		})},
	}})
}

// A disk that somebody else gave a serial of which the guest sees a part, or a target that is not one of its bus, is imported with no
// change, and keeps both when another setting is changed.
func TestAccLibvirtRBDDisk_importOfAnOddDisk(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name, serial = "odd", "data of web1 0aab8e4f-2b6a-4a3e-9b1e"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "4M")
	byHand := acctest.RBDDisk(t, "east", pool+"/"+name, "hdc", "libvirt", eastSecret)
	byHand.Target.Bus, byHand.Serial = "sata", serial
	acctest.VirshIn(t, "kvm1", acctest.XML(t, byHand), "attach-device", name, "/dev/stdin", "--config")
	config := func(assignments ...string) string {
		return acctest.Provider(t) + block(name, name, append(assignments, `target_dev = "hdc"`, `bus = "sata"`,
			fmt.Sprintf("serial = %q", serial))...)
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{
			Config:           config() + fmt.Sprintf("import {\n  provider = ceph\n  to = %s\n  id = \"kvm1/%s/hdc\"\n}\n", address, name),
			ConfigPlanChecks: planned(plancheck.ResourceActionNoop),
		},
		{
			Config: config(`cache = "none"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: check(func() error {
				disk := diskOf(t, "kvm1", name, "hdc", true)
				if disk == nil || disk.Serial != serial || disk.Target.Bus != "sata" || disk.Driver.Cache != "none" {
					return fmt.Errorf("virsh dumpxml shows %s", acctest.XML(t, disk))
				}
				return nil
			}),
		},
	}})
}

// The configuration that Terraform writes for an existing disk plans nothing.
func TestAccLibvirtRBDDisk_generatedConfig(t *testing.T) {
	prepare(t)
	for name, assignments := range map[string][]string{
		"generated-plain": nil,
		"generated-full": {
			`cache = "none"`, `io = "native"`, `discard = "unmap"`, `serial = "first"`, `copy_on_read = true`, `config_file = "/dev/null"`,
			`queues = 2`, `queue_size = 512`, `blockio = { physical_block_size = 4096 }`,
			`iotune = { total_iops_sec = 100, total_iops_sec_max = 200 }`, `address = { type = "pci", bus = "0x05" }`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			guest(t, "kvm1", testbed.GuestOptions{Name: name})
			image(t, "east", name, "16M")
			w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+block(name, name, assignments...))
			w.Apply(t)
			w.Terraform(t, "state", "rm", address)
			w.Write(t, source+acctest.Provider(t)+
				fmt.Sprintf("import {\n  provider = ceph\n  to = %s\n  id = \"kvm1/%s/vdb\"\n}\n", address, name))
			out := w.Terraform(t, "plan", "-input=false", "-generate-config-out=generated.tf")
			if !strings.Contains(out, "1 to import, 0 to add, 0 to change, 0 to destroy") {
				t.Errorf("the generated configuration plans a change:\n%s", out)
			}
			w.Apply(t)
			w.ExpectEmptyPlan(t)
			w.Destroy(t)
		})
	}
}
