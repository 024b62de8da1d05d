//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func attr(name, value string) resource.TestCheckFunc {
	return resource.TestCheckResourceAttr(address, name, value)
}

// powerCycle ends a guest at once and starts it again.
func powerCycle(t *testing.T, g *testbed.Guest) {
	t.Helper()
	if err := g.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// detachByHand takes the disk vdb from a guest on kvm1. From a running one (--live) it is gone when libvirt says so: virsh
// waits for the guest only 5 seconds, and the guest lets go of it a moment before libvirt knows.
func detachByHand(t *testing.T, g *testbed.Guest, flags ...string) {
	t.Helper()
	acctest.Virsh(t, "kvm1", append([]string{"detach-disk", g.Name, "vdb"}, flags...)...)
	if slices.Contains(flags, "--live") {
		if err := seesNone(g); err != nil {
			t.Fatal(err)
		}
		acctest.Eventually(t, "the detach of vdb from "+g.Name, func() bool { return diskOf(t, "kvm1", g.Name, "vdb", false) == nil })
	}
}

// A disk that somebody dropped comes back, also where it is missing in only one of the two definitions.
func TestAccLibvirtRBDDisk_dropped(t *testing.T) {
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
			// Another's disk has taken the target: ours is lost, and theirs stays.
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

// A renamed image is the same source. Another image is refused while the domain runs.
func TestAccLibvirtRBDDisk_source(t *testing.T) {
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
	otherImage := regexp.MustCompile(`can't be changed from libvirt-pool/source-[bc] to\s+libvirt-pool/source-[bc]`)
	// stillSees records what on_source_change has kept from the guest.
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
				recorded(t, "on_source_change", acctest.Changed)),
		},
		{Config: config("source-c"), ExpectError: otherImage},
		{
			PreConfig: func() {
				stillSees(acctest.Cleared, 24<<20)
				if err := g.Destroy(t.Context()); err != nil {
					t.Fatal(err)
				}
			},
			Config: config("source-c"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeAggregateTestCheckFunc(attr("live", "false"), savedName("source-c")),
		},
	}})
}

// A guest without drivers keeps its disk: an error, and the disk stays in the state until the guest has ended.
func TestAccLibvirtRBDDisk_detachRefused(t *testing.T) {
	prepare(t)
	for name, options := range map[string]struct {
		mark      acctest.Mark
		transient bool
	}{"keeps": {acctest.Running, false}, "keeps-transient": {acctest.Transient, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := running(t, "kvm1", testbed.GuestOptions{Name: name, NoDrivers: true, Transient: options.transient})
			image(t, "east", name, "16M")
			config := acctest.Provider(t) + block(name, name, `timeouts = { delete = "12s" }`)
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
				{Config: config},
				{Config: config, Destroy: true, ExpectError: regexp.MustCompile(`The guest did not let go of the disk`)},
				{
					RefreshState: true, ExpectNonEmptyPlan: !options.transient,
					Check: resource.ComposeAggregateTestCheckFunc(
						attr("live", "true"), attr("persistent", "false"), recorded(t, "timeouts", acctest.Set), recorded(t, "timeouts", options.mark),
					),
				},
				{
					PreConfig: func() {
						if err := g.Destroy(t.Context()); err != nil {
							t.Fatal(err)
						}
					},
					Config: acctest.Provider(t),
					Check: check(func() error {
						if !options.transient && diskOf(t, "kvm1", name, "vdb", true) != nil {
							return fmt.Errorf("the disk is still there")
						}
						return nil
					}),
				},
			}})
		})
	}
}

// There is no hot-plug on bus sata: what the running domain has and lacks stays so until it ends.
func TestAccLibvirtRBDDisk_withoutHotPlug(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "sata"
	g := guest(t, "kvm1", testbed.GuestOptions{Name: name, Paused: true})
	image(t, "east", name, "16M")
	config := acctest.Provider(t) + block(name, name, `bus = "sata"`, `target_dev = "sda"`)
	start := func() {
		if err := g.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	where := func(live, persistent string) resource.TestCheckFunc {
		return resource.ComposeTestCheckFunc(attr("live", live), attr("persistent", persistent), check(func() error {
			for saved, want := range map[bool]string{false: live, true: persistent} {
				if got := fmt.Sprint(diskOf(t, "kvm1", name, "sda", saved) != nil); got != want {
					return fmt.Errorf("saved=%v: the disk is there: %s, want %s", saved, got, want)
				}
			}
			return nil
		}))
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config},
		{PreConfig: start, Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionNoop)},
		{RefreshState: true, Check: where("true", "true")},
		{Config: config, Destroy: true, ExpectError: acctest.Message(`there is no hot-unplug on its bus. Shut the domain off and apply again`)},
		{RefreshState: true, ExpectNonEmptyPlan: true, Check: where("true", "false")},
		// What it lacks by now is the saved definition, to which the next apply adds it again.
		{Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: where("true", "true")},
		{
			// In the saved definition alone it waits for the next start.
			PreConfig: func() {
				text, err := diskOf(t, "kvm1", name, "sda", true).Marshal()
				if err != nil {
					t.Fatal(err)
				}
				if err := g.Destroy(t.Context()); err != nil {
					t.Fatal(err)
				}
				acctest.Virsh(t, "kvm1", "detach-disk", name, "sda", "--config")
				start()
				acctest.VirshIn(t, "kvm1", text, "attach-device", name, "/dev/stdin", "--config")
			},
			Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionNoop),
		},
		{RefreshState: true, Check: where("false", "true")},
		{Config: acctest.Provider(t), Check: check(func() error {
			if diskOf(t, "kvm1", name, "sda", true) != nil {
				return fmt.Errorf("the disk is still there")
			}
			return nil
		})},
	}})
}

// What a killed create left is taken over.
func TestAccLibvirtRBDDisk_adopted(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "adopted"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	config := acctest.Provider(t) + block(name, name)
	forgotten := acctest.Provider(t) + "removed {\n  from = " + address + "\n  lifecycle {\n    destroy = false\n  }\n}\n"
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config},
		{Config: forgotten},
		{
			PreConfig: func() { acctest.Virsh(t, "kvm1", "detach-disk", name, "vdb", "--config") },
			Config:    config, ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
			Check: resource.ComposeAggregateTestCheckFunc(attr("live", "true"), attr("persistent", "true"),
				check(func() error { return sees(g, 16<<20) })),
		},
	}})
}

// A disk that was attached by hand is imported, changed, and found again without an alias of ours.
func TestAccLibvirtRBDDisk_importedByHand(t *testing.T) {
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

// A snapshot is read instead of its image, whoever has the image open.
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

// A disk to which somebody gave another target is still ours: it is taken from there and attached where it belongs.
func TestAccLibvirtRBDDisk_targetByHand(t *testing.T) {
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
