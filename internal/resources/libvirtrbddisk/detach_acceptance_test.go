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
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// A guest without drivers doesn't release its disk: that is an error, and the disk stays in the state until the guest has ended.
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
			config := acctest.Provider(t) + block(name, name, `timeouts = { delete = "20s" }`)
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
				{Config: config},
				{Config: config, Destroy: true, ExpectError: regexp.MustCompile(`The guest did not let go of the disk`)},
				{
					RefreshState: true, ExpectNonEmptyPlan: !options.transient,
					Check: resource.ComposeAggregateTestCheckFunc(
						attr("live", "true"), attr("persistent", "false"),
						acctest.Recorded(t, diskType, acctest.Set, "timeouts"), acctest.Recorded(t, diskType, options.mark, "timeouts"),
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

// There is no hot-plug on bus sata: what the running domain has, and what it lacks, stays so until it ends.
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
		{Config: config, Destroy: true, ExpectError: acctest.Message(`there is no hot-plug on bus "sata". The guest would keep`)},
		{Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionNoop), Check: where("true", "true")},
		{
			// A disk in the saved definition alone waits for the next start.
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

// A disk at a place without hot-unplug stays in both definitions. Its change waits for the next start, whatever on_change says, and it goes
// when the domain is shut off.
func TestAccLibvirtRBDDisk_placeWithoutHotPlug(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "fixed-place"
	g := guest(t, "kvm1", testbed.GuestOptions{Name: name, Paused: true})
	places := []struct{ target, bus, slot, function, why string }{
		{"vdb", "1", "0", "0", `its PCI controller has <target hotplug='off'/>`},
		{"vdc", "2", "0", "0", `it shares its PCI slot with another device`},
		{"vdd", "2", "0", "1", `it shares its PCI slot with another device`},
		{"vde", "0", "0x18", "0", `its PCI bus, that of the controller pcie-root, has no hot-plug`},
	}
	acctest.VirshIn(t, "kvm1", strings.Replace(acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive"),
		"<target chassis='1'", "<target hotplug='off' chassis='1'", 1), "define", "/dev/stdin")
	imports, config := "", func(assignments ...string) string {
		text := acctest.Provider(t)
		for _, p := range places {
			own := append([]string{fmt.Sprintf("target_dev = %q", p.target)}, assignments...)
			text += strings.Replace(block(name, name+p.target, own...), `"test"`, fmt.Sprintf("%q", p.target), 1)
		}
		return text
	}
	for _, p := range places {
		image(t, "east", name+p.target, "4M")
		at := fmt.Sprintf("<address type='pci' domain='0' bus='%s' slot='%s' function='%s' multifunction='on'/></disk>",
			p.bus, p.slot, p.function)
		acctest.VirshIn(t, "kvm1", strings.Replace(handXML(t, "east", name+p.target, p.target), "</disk>", at, 1),
			"attach-device", name, "/dev/stdin", "--config")
		imports += fmt.Sprintf("import {\n  provider = ceph\n  to = %s.%s\n  id = \"kvm1/%s/%s\"\n}\n", diskType, p.target, name, p.target)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := acctest.NewWorkspaceOf(t, source+config()+imports)
	apply(t, w)
	for _, p := range places {
		if text, err := acctest.Bed(t).Hypervisor("kvm1").Virsh(t.Context(), "detach-disk", name, p.target, "--live"); err == nil {
			t.Errorf("virsh takes disk %s from the running guest: %s", p.target, text)
		}
	}
	stay := func(when, saved string) {
		t.Helper()
		for _, p := range places {
			if diskOf(t, "kvm1", name, p.target, false) == nil || diskOf(t, "kvm1", name, p.target, true) == nil {
				t.Errorf("%s: disk %s is no longer in both definitions", when, p.target)
			} else if got := diskOf(t, "kvm1", name, p.target, true).Driver.Discard; got != saved {
				t.Errorf("%s: disk %s has discard %q, want %q", when, p.target, got, saved)
			}
		}
	}
	result, err := try(t, w, "destroy", "-auto-approve")
	for _, p := range places {
		told := fmt.Sprintf("Disk %s can't be taken from domain %q while it runs on hypervisor \"kvm1\": %s.", p.target, name, p.why)
		if err == nil || !acctest.Message(told).MatchString(result.said("error")) {
			t.Errorf("the destroy doesn't say %q: %v %s", told, err, result.said("error"))
		}
	}
	stay("refused", "")

	w.Write(t, source+config(asksForReattach, `discard = "unmap"`))
	result = apply(t, w)
	expectChanges(t, "changed", result, 0, len(places), 0, 0)
	for _, p := range places {
		told := fmt.Sprintf("disk %s stays in domain %q on hypervisor \"kvm1\" as it is: %s.", p.target, name, p.why)
		if text := strings.Join(result.texts(p.target, "warning"), "\n"); !acctest.Message(told).MatchString(text) {
			t.Errorf("the change doesn't say %q: %s", told, text)
		}
	}
	stay("changed", "unmap")
	if err := g.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Write(t, source+acctest.Provider(t))
	expectChanges(t, "shut off", apply(t, w), 0, 0, 0, len(places))
	if text := acctest.Virsh(t, "kvm1", "domblklist", name, "--inactive"); strings.Contains(text, name) {
		t.Errorf("a disk was not detached: %s", text)
	}
}

// A paused guest can't release its disk. An operator who then keeps the disk is warned that the guest may still release it.
func TestAccLibvirtRBDDisk_pendingDetach(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "pending"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+block(name, name, `timeouts = { delete = "15s" }`))
	apply(t, w)
	pending := func(when string, result outcome, want bool) {
		t.Helper()
		text := strings.Join(result.texts("test", "warning"), "\n")
		if got := acctest.Message(`may still give up disk vdb`).MatchString(text); got != want {
			t.Errorf("%s: told of the pending request: %v, want %v: %s", when, got, want, text)
		}
	}
	refuse := func() {
		t.Helper()
		if err := g.Suspend(t.Context()); err != nil {
			t.Fatal(err)
		}
		result, err := try(t, w, "destroy", "-auto-approve")
		text := result.said("error")
		for _, words := range []string{"did not let go of the disk", "The saved definition doesn't have the disk any more", "To keep the disk"} {
			if err == nil || !acctest.Message(words).MatchString(text) {
				t.Errorf("the destroy doesn't say %q: %v %s", words, err, text)
			}
		}
		if diskOf(t, "kvm1", name, "vdb", true) != nil || diskOf(t, "kvm1", name, "vdb", false) == nil {
			t.Error("the disk should be in the running domain alone")
		}
	}
	refuse()
	result := apply(t, w)
	expectChanges(t, "kept", result, 0, 1, 0, 0)
	pending("kept", result, true)
	pending("kept, again", apply(t, w), true)
	if diskOf(t, "kvm1", name, "vdb", true) == nil {
		t.Error("the saved definition lacks the disk")
	}
	if err := g.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect.Eventually(t, "the end of the disk", func() bool { return diskOf(t, "kvm1", name, "vdb", false) == nil })
	result = apply(t, w)
	expectChanges(t, "attached again", result, 0, 1, 0, 0)
	pending("attached again", result, false)
	if err := sees(g, 16<<20); err != nil {
		t.Error(err)
	}

	refuse()
	apply(t, w)
	if err := g.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	result = apply(t, w)
	expectChanges(t, "started again", result, 0, 0, 0, 0)
	pending("started again", result, false)
	if err := sees(g, 16<<20); err != nil {
		t.Error(err)
	}
}
