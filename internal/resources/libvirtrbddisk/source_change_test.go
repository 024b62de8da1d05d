//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// A renamed image is the same source. Another image is refused while the domain runs.
func TestAccLibvirtRBDDisk_sourceChanged(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "source"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", "source-a", "16M")
	image(t, "east", "source-b", "24M")
	config := func(image string, assignments ...string) string {
		return acctest.Provider(t) + block(name, image, assignments...)
	}
	savedName := func(want string) resource.TestCheckFunc {
		return check(func() error {
			if got := diskOf(t, "kvm1", name, "vdb", true).Source.Network.Name; got != pool+"/"+want {
				return fmt.Errorf("the saved definition names %s", got)
			}
			return nil
		})
	}
	otherImage := regexp.MustCompile(`can't be changed from libvirt-pool/source-(?:[bc]|new) to\s+libvirt-pool/source-(?:[bc]|new)`)
	made := fmt.Sprintf("resource \"ceph_rbd_image\" \"new\" {\n  cluster = \"east\"\n  pool = %q\n  name = \"source-new\"\n"+
		"  size = \"32MiB\"\n}\n", pool)
	// ofNewImage is the configuration of a disk whose image is made in the same apply.
	ofNewImage := func(assignments ...string) string {
		return made + strings.Replace(config("NEW", assignments...), `"NEW"`, "ceph_rbd_image.new.name", 1)
	}
	// stillSees notes that on_source_change has kept the guest's image as it was.
	stillSees := func(mark acctest.Mark, bytes int64) {
		if err := sees(g, bytes); err != nil {
			t.Fatal(err)
		}
		acctest.Record(t, diskType, "on_source_change", mark)
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config("source-a"), Check: check(func() error { return sees(g, 16<<20) })},
		{
			PreConfig: func() { acctest.RBD(t, "east", "rename", pool+"/source-a", pool+"/source-c") },
			Config:    config("source-c"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeAggregateTestCheckFunc(attr("live", "true"), attr("pending_restart", "true"), savedName("source-c"),
				check(func() error { return sees(g, 16<<20) })),
		},
		{Config: config("source-b", `on_source_change = "refuse"`), ExpectError: otherImage},
		{
			PreConfig: func() { stillSees(acctest.Set, 16<<20) },
			Config:    config("source-b", `on_source_change = "replace"`), ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
			Check: resource.ComposeAggregateTestCheckFunc(savedName("source-b"), check(func() error { return sees(g, 24<<20) }),
				acctest.Recorded(t, diskType, acctest.Changed, "on_source_change")),
		},
		{Config: ofNewImage(), ExpectError: otherImage},
		{
			PreConfig: func() {
				if images := acctest.RBD(t, "east", "ls", pool); strings.Contains(images, "source-new") {
					t.Error("refused only after the image was made")
				}
				stillSees(acctest.Set, 24<<20)
			},
			Config: ofNewImage(`on_source_change = "replace"`), ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
			Check: resource.ComposeAggregateTestCheckFunc(savedName("source-new"), check(func() error { return sees(g, 32<<20) })),
		},
		{Config: config("source-c"), ExpectError: otherImage},
		{
			PreConfig: func() {
				stillSees(acctest.Cleared, 32<<20)
				if err := g.Destroy(t.Context()); err != nil {
					t.Fatal(err)
				}
			},
			Config: made + config("source-c"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeAggregateTestCheckFunc(attr("live", "false"), savedName("source-c")),
		},
	}})
}

// A pool that was renamed while the domain is shut off holds the same images: the saved definition is rewritten, and the
// next start finds the image.
func TestAccLibvirtRBDDisk_poolRenamed(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "pool-renamed"
	g := guest(t, "kvm1", testbed.GuestOptions{Name: name})
	preparePool(t, "east", "former")
	acctest.RBD(t, "east", "create", "--size", "16M", "former/"+name)
	config := func(pool string) string {
		return acctest.Provider(t) + block(name, name, fmt.Sprintf("pool = %q", pool))
	}
	var imageID string
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config("former"), Check: resource.TestCheckResourceAttrWith(address, "image_id", func(id string) error {
			imageID = id
			return nil
		})},
		{
			PreConfig: func() { acctest.Ceph(t, "east", "osd", "pool", "rename", "former", "latter") },
			Config:    config("former"), ConfigPlanChecks: planned(plancheck.ResourceActionNoop),
		},
		{
			Config: config("latter"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeTestCheckFunc(
				resource.TestCheckResourceAttrWith(address, "image_id", func(id string) error {
					if id != imageID {
						return fmt.Errorf("the image was %s and is %s", imageID, id)
					}
					return nil
				}),
				check(func() error {
					if got := diskOf(t, "kvm1", name, "vdb", true).Source.Network.Name; got != "latter/"+name {
						return fmt.Errorf("the saved definition names %s", got)
					}
					return nil
				}),
			),
		},
		{
			PreConfig: func() {
				if err := g.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
			},
			Config: config("latter"), ConfigPlanChecks: planned(plancheck.ResourceActionNoop), Check: check(func() error { return sees(g, 16<<20) }),
		},
	}})
}

// An update that fails after it has written the image's new name still finds the running guest's disk, which has the former name.
func TestAccLibvirtRBDDisk_updateFailsAfterRename(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name, later = "half", "half-renamed"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	acctest.VirshIn(t, "kvm1", handXML(t, "east", name, "vdb"), "attach-device", name, "/dev/stdin", "--live", "--config")
	provider := source + acctest.Provider(t)
	imported := "import {\n  provider = ceph\n  to = " + address + "\n  id = \"kvm1/" + name + "/vdb\"\n}\n"
	w := acctest.NewWorkspaceOf(t, provider+imported+block(name, name))
	w.Apply(t)

	acctest.RBD(t, "east", "rename", pool+"/"+name, pool+"/"+later)
	// QEMU refuses so long a burst at such a rate, which libvirt puts into the saved definition as it is.
	w.Write(t, provider+block(name, later,
		`iotune = { total_iops_sec = 100, total_iops_sec_max = 500000000000000, total_iops_sec_max_length = 4 }`))
	if out, err := w.Try(t, "apply", "-auto-approve", "-input=false"); err == nil {
		t.Fatalf("QEMU took it:\n%s", out)
	}
	if disk := diskOf(t, "kvm1", name, "vdb", true); disk.Source.Network.Name != pool+"/"+later {
		t.Fatalf("the failure came before the new name was written: %+v", disk.Source.Network)
	}
	w.Write(t, provider+block(name, later, `iotune = { total_iops_sec = 100, total_iops_sec_max = 150 }`))
	w.Apply(t)
	if out := w.Terraform(t, "state", "show", "-no-color",
		address); !acctest.Message(`live = true`).MatchString(strings.Join(strings.Fields(out), " ")) {
		t.Errorf("the running guest's disk is not known any more:\n%s", out)
	}
	if err := sees(g, 16<<20); err != nil {
		t.Error(err)
	}
	w.Destroy(t)
	if err := seesNone(g); err != nil {
		t.Error(err)
	}
}

// The only device in the boot order is not detached for a replacement that libvirt would refuse.
func TestAccLibvirtRBDDisk_onlyBootDeviceReplaced(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "only-boot"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	doc := acctest.DomainOf(t, "kvm1", name, true)
	doc.OS.BootDevices = nil
	text := strings.Replace(handXML(t, "east", name, "vdb"), "</disk>", "<boot order='1'/></disk>", 1)
	doc.Devices.Disks = append(doc.Devices.Disks, *acctest.ParseDisk(t, text))
	define(t, doc)
	provider := source + acctest.Provider(t)
	imported := "import {\n  provider = ceph\n  to = " + address + "\n  id = \"kvm1/" + name + "/vdb\"\n}\n"
	w := acctest.NewWorkspaceOf(t, provider+imported+block(name, name, "boot_order = 1"))
	w.Apply(t)

	w.Write(t, provider+block(name, name, "boot_order = 1", `target_dev = "vdc"`))
	out, err := w.Try(t, "apply", "-auto-approve", "-input=false")
	refused := acctest.Message(`Disk vdb of domain "only-boot" on hypervisor "kvm1" can't be replaced by one with a place in the boot order.`)
	if err == nil || !refused.MatchString(out) {
		t.Errorf("not refused: %v\n%s", err, out)
	}
	if disk := diskOf(t, "kvm1", name, "vdb", true); disk == nil || disk.Boot == nil {
		t.Errorf("the domain has lost its disk: %v", disk)
	}
	w.Write(t, provider+block(name, name, `target_dev = "vdc"`))
	w.Apply(t)
	w.Destroy(t)
}

// A place in the boot order is asked of the domain that gets the disk, and not of the one that it leaves.
func TestAccLibvirtRBDDisk_bootOrderInAnotherDomain(t *testing.T) {
	prepare(t)
	t.Parallel()
	const from, to = "boots-by-kind", "boots-by-device"
	guest(t, "kvm1", testbed.GuestOptions{Name: from})
	guest(t, "kvm1", testbed.GuestOptions{Name: to})
	image(t, "east", from, "8M")
	image(t, "east", to, "8M")
	doc := acctest.DomainOf(t, "kvm1", to, true)
	bootByDevice(t, doc, to)
	define(t, doc)
	provider := source + acctest.Provider(t)
	w := acctest.NewWorkspaceOf(t, provider+block(from, from))
	w.Apply(t)

	w.Write(t, provider+block(to, from, "boot_order = 1"))
	w.Apply(t)
	if disk := diskOf(t, "kvm1", to, "vdb", true); disk == nil || disk.Boot == nil || disk.Boot.Order != 1 {
		t.Errorf("the disk of the other domain: %+v", disk)
	}
	if disk := diskOf(t, "kvm1", from, "vdb", true); disk != nil {
		t.Errorf("the former domain has still got %+v", disk)
	}
	w.Destroy(t)
}
