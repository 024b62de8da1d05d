//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// mapping is a way in which a definition can say, or not say, where an image of the cluster west is.
type mapping struct {
	what, hosts string
}

func mappings(t *testing.T) []mapping {
	t.Helper()
	at := acctest.Bed(t).Cluster("west").Monitors[0]
	host := func(name string, port int) string { return fmt.Sprintf("<host name='%s' port='%d'/>", name, port) }
	return []mapping{
		{"by address", host(at.Host, at.V2Port)},
		{"by the older protocol's port", host(at.Host, at.V1Port)},
		{"by name", host("localhost", at.V2Port)},
		{"by name and the older protocol's port", host("localhost", at.V1Port)},
		{"a former monitor too", host("192.0.2.9", 6789) + host("localhost", at.V1Port)},
		{"by a name that means nothing here", host("mon.invalid", at.V2Port)},
		{"without a monitor", ""},
	}
}

func (m mapping) xml(image, target string) string {
	return fmt.Sprintf("<disk type='network' device='disk'><driver name='qemu' type='raw'/><auth username='libvirt'><secret type='ceph'"+
		" uuid='%s'/></auth><source protocol='rbd' name='%s/%s'>%s</source><target dev='%s' bus='virtio'/></disk>", westSecret, pool,
		image, m.hosts, target)
}

// However a definition says where the image is, the first plan after an import changes nothing. Where the monitors don't tell, the key
// that the disk's secret holds does.
func TestAccLibvirtRBDDisk_importedFromWhereverItIs(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "mapped"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	config := acctest.Provider(t)
	var imports string
	var unchanged []plancheck.PlanCheck
	var there []resource.TestCheckFunc
	for i, m := range mappings(t) {
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

// A disk that was imported while nothing told its cluster gets the configured one in place, and the plan says what isn't known. One
// whose monitors are another cluster's does not.
func TestAccLibvirtRBDDisk_importedWithoutACluster(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "adrift"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "west", name, "4M")
	// The secret of another user tells nothing.
	m := mapping{}
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

// A domain that has the image already, in whichever way its definition says so, does not get it twice.
func TestAccLibvirtRBDDisk_namedTwice(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "named-twice"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	var list []refusal
	west := []string{`cluster = "west"`, fmt.Sprintf("secret_uuid = %q", westSecret)}
	for i, m := range mappings(t) {
		target, imageName := fmt.Sprintf("vdz%c", 'a'+i), fmt.Sprintf("named-twice-%d", i)
		acctest.VirshIn(t, "kvm1", m.xml(imageName, target), "attach-device", name, "/dev/stdin", "--config")
		list = append(list, refusal{m.what, imageName, west, fmt.Sprintf(`already has image %s/%s, as disk %s.`, pool, imageName, target)})
	}
	overlay := fmt.Sprintf("<disk type='file'><driver name='qemu' type='qcow2'/><source file='/nosuch/overlay'/><backingStore"+
		" type='network'><format type='raw'/><source protocol='rbd' name='%s/named-twice-base'>%s</source></backingStore><target dev='vdzz'"+
		" bus='virtio'/></disk>", pool, mappings(t)[0].hosts)
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
	// Nor does it get it by a change of another disk.
	for _, imageName := range []string{"named-twice-free", list[0].image} {
		image(t, "west", imageName, "4M")
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: acctest.Provider(t) + block(name, "named-twice-free", west...)},
		{Config: acctest.Provider(t) + block(name, list[0].image, west...), ExpectError: acctest.Message(list[0].want)},
	}})
}
