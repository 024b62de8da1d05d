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

// A running guest sees its disk, notices its growth, and loses it. A disk that somebody else attached stays as it is.
func TestAccLibvirtRBDDisk_basic(t *testing.T) {
	prepare(t)
	t.Parallel()
	for _, machine := range []string{"q35", "pc"} {
		t.Run(machine, func(t *testing.T) {
			t.Parallel()
			name := "running-" + machine
			g := running(t, "kvm1", testbed.GuestOptions{Name: name, Machine: machine})
			image(t, "east", name, "32M")
			image(t, "east", name+"-hand", "8M")
			acctest.VirshIn(t, "kvm1", handXML(t, "east", name+"-hand", handTarget), "attach-device", name, "/dev/stdin", "--live", "--config")
			foreign := func() string {
				live, _ := diskOf(t, "kvm1", name, handTarget, false).Marshal()
				saved, _ := diskOf(t, "kvm1", name, handTarget, true).Marshal()
				return live + saved
			}
			before := foreign()
			config := func(size string) string {
				return acctest.Provider(t) + block(name, name, fmt.Sprintf("size = %q", size))
			}
			steps := []resource.TestStep{
				{
					Config: config("32MiB"),
					Check: resource.ComposeAggregateTestCheckFunc(
						resource.TestCheckResourceAttr(address, "live", "true"), resource.TestCheckResourceAttr(address, "persistent", "true"),
						resource.TestCheckResourceAttr(address, "pending_restart", "false"),
						resource.TestCheckResourceAttr(address, "monitors_stale", "false"),
						resource.TestCheckResourceAttr(address, "running_on", "kvm1"), resource.TestCheckResourceAttr(address, "bus", "virtio"),
						resource.TestCheckResourceAttr(address, "domain_uuid", g.UUID),
						resource.TestCheckResourceAttr(address, "fsid", acctest.Bed(t).Cluster("east").FSID),
						check(func() error { return sees(g, 32<<20) }),
						computed(t, name),
						acctest.Recorded(t, diskType, acctest.Set, "size"),
					),
				},
				{Config: config("32768KiB"), ConfigPlanChecks: planned(plancheck.ResourceActionNoop)},
				{
					ResourceName: address, ImportState: true, ImportStateVerify: true, ImportStateId: "kvm1/" + name + "/vdb",
					ImportStateVerifyIgnore: []string{"size"},
				},
				{
					PreConfig: func() { acctest.RBD(t, "east", "resize", "--no-progress", "--size", "48M", pool+"/"+name) },
					Config:    config("48MiB"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
					Check: resource.ComposeTestCheckFunc(check(func() error { return sees(g, 48<<20) }),
						acctest.Recorded(t, diskType, acctest.Changed, "size")),
				},
				{
					// virsh blockresize makes the image itself smaller. Grown again, it is larger than what the guest knows.
					PreConfig: func() {
						acctest.Virsh(t, "kvm1", "blockresize", name, "vdb", "32M")
						acctest.RBD(t, "east", "resize", "--no-progress", "--size", "48M", pool+"/"+name)
						if err := sees(g, 32<<20); err != nil {
							t.Fatal(err)
						}
					},
					Config: config("48MiB"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
					Check: resource.ComposeTestCheckFunc(check(func() error { return sees(g, 48<<20) }),
						acctest.Recorded(t, diskType, acctest.Drifted, "size")),
				},
				{
					Config: acctest.Provider(t) + block(name, name), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
					Check: resource.ComposeTestCheckFunc(check(func() error { return sees(g, 48<<20) }),
						acctest.Recorded(t, diskType, acctest.Cleared, "size")),
				},
				{Config: acctest.Provider(t), Check: check(func() error {
					if diskOf(t, "kvm1", name, "vdb", true) != nil || diskOf(t, "kvm1", name, "vdb", false) != nil {
						return fmt.Errorf("the disk is still in the domain")
					}
					if after := foreign(); after != before {
						return fmt.Errorf("the foreign disk was changed:\n%s\nbefore:\n%s", after, before)
					}
					return nil
				})},
			}
			if machine == "pc" {
				// Only attaching and detaching, the first and the last step, depend on the machine type.
				steps = []resource.TestStep{steps[0], steps[len(steps)-1]}
			}
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: steps})
		})
	}
}

// A disk that somebody dropped comes back, also where it is missing in only one of the two definitions.
func TestAccLibvirtRBDDisk_disappears(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "dropped"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	config := acctest.Provider(t) + block(name, name)
	inBoth := resource.ComposeAggregateTestCheckFunc(attr("live", "true"), attr("persistent", "true"), attr("pending_restart", "false"),
		check(func() error {
			if diskOf(t, "kvm1", name, "vdb", true) == nil || diskOf(t, "kvm1", name, "vdb", false) == nil {
				return fmt.Errorf("the disk is not in both definitions")
			}
			return sees(g, 16<<20)
		}))
	drop := func(flags ...string) func() {
		return func() { detachByHand(t, g, flags...) }
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config, Check: inBoth},
		{PreConfig: drop("--config"), Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: inBoth},
		{PreConfig: drop("--live"), Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: inBoth},
		{PreConfig: drop("--live", "--config"), Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionCreate), Check: inBoth},
		{
			// Somebody else's disk is at the target now. It stays, and ours can't be attached there.
			PreConfig: func() {
				drop("--live", "--config")()
				image(t, "east", "theirs", "8M")
				acctest.VirshIn(t, "kvm1", handXML(t, "east", "theirs", "vdb"), "attach-device", name, "/dev/stdin", "--live", "--config")
			},
			Config: config, ExpectError: regexp.MustCompile(`already has a disk vdb:\s+rbd\s+source\s+libvirt-pool/theirs`),
		},
		{PreConfig: drop("--live", "--config"), Config: config, Check: inBoth},
	}})
}

// A disk to which somebody gave another target is detached there, and attached at the configured target.
func TestAccLibvirtRBDDisk_targetChangedByHand(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "target"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	config := acctest.Provider(t) + block(name, name)
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config},
		{
			PreConfig: func() {
				text := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive")
				acctest.VirshIn(t, "kvm1", strings.ReplaceAll(text, "'vdb'", "'vdc'"), "define", "/dev/stdin")
			},
			Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
			Check: check(func() error {
				if diskOf(t, "kvm1", name, "vdb", true) == nil || diskOf(t, "kvm1", name, "vdc", true) != nil {
					return fmt.Errorf("the disk is not where it belongs, and only there")
				}
				return nil
			}),
		},
		{
			Config:      config + strings.NewReplacer(`"test"`, `"twice"`, `"vdb"`, `"vdd"`).Replace(block(name, name)),
			ExpectError: regexp.MustCompile(`already has image\s+libvirt-pool/target,\s+as\s+disk\s+vdb`),
		},
	}})
}

// A CD-ROM is changed in place.
func TestAccLibvirtRBDDisk_cdrom(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "changed-cdrom"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	config := func(assignments ...string) string {
		return acctest.Provider(t) + block(name, name, append(assignments, `device = "cdrom"`, `bus = "sata"`, `target_dev = "sda"`)...)
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config()},
		{
			Config: config(`cache = "unsafe"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: check(func() error {
				disk := diskOf(t, "kvm1", name, "sda", true)
				if disk.Device != "cdrom" || disk.ReadOnly == nil || disk.Driver.Cache != "unsafe" {
					return fmt.Errorf("it is %+v", disk)
				}
				return nil
			}),
		},
	}})
}

// A snapshot is read instead of its image, also while somebody has the image open.
func TestAccLibvirtRBDDisk_snapshot(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "snapshot"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	acctest.RBD(t, "east", "snap", "create", pool+"/"+name+"@first")
	acctest.RBD(t, "east", "resize", "--no-progress", "--size", "24M", pool+"/"+name)
	acctest.VirshIn(t, "kvm1", handXML(t, "east", name, handTarget), "attach-device", name, "/dev/stdin", "--live")
	config := acctest.Provider(t) + block(name, name, `snapshot = "first"`, `read_only = true`)
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config, Check: check(func() error { return sees(g, 16<<20) })},
		{ResourceName: address, ImportState: true, ImportStateVerify: true, ImportStateId: "kvm1/" + name + "/vdb"},
	}})
}
