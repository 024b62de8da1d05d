//go:build cgo

package libvirtrbddisk_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// leaveKVM2 destroys and undefines a domain on kvm2 when the test has ended.
func leaveKVM2(t *testing.T, name string) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, _ = acctest.Bed(t).Hypervisor("kvm2").Virsh(ctx, "destroy", name)
		_, _ = acctest.Bed(t).Hypervisor("kvm2").Virsh(ctx, "undefine", name)
	})
}

// migrate takes a running guest from kvm1 to kvm2, and returns it as it is there: its console has another path.
func migrate(t *testing.T, name string, flags ...string) *testbed.Guest {
	t.Helper()
	acctest.Virsh(t, "kvm1", migration(t, name, flags...)...)
	g, err := acctest.Bed(t).Hypervisor("kvm2").Guest(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// migration is virsh's command that takes a running guest from kvm1 to kvm2.
func migration(t *testing.T, name string, flags ...string) []string {
	t.Helper()
	leaveKVM2(t, name)
	args := []string{"migrate", "--live", "--persistent", "--migrateuri", "tcp://127.0.0.1"}
	for flag, state := range map[string]string{"--xml": "--migratable", "--persistent-xml": "--inactive"} {
		text := acctest.Virsh(t, "kvm1", "dumpxml", name, state)
		file := filepath.Join(t.TempDir(), "domain.xml")
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "/kvm1/", "/kvm2/")), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, flag, file)
	}
	return append(append(args, flags...), name, acctest.Bed(t).Hypervisor("kvm2").URI)
}

// A guest that was migrated while it runs keeps its disk, which is changed on its new host. What the migration has left on the former host,
// shut off, is not touched.
func TestAccLibvirtRBDDisk_migrated(t *testing.T) {
	prepare(t)
	for name, flags := range map[string][]string{"left": {"--undefinesource"}, "both": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			domain := "migrated-" + name
			g := running(t, "kvm1", testbed.GuestOptions{Name: domain})
			image(t, "east", domain, "16M")
			config := func(assignments ...string) string { return acctest.Provider(t) + block(domain, domain, assignments...) }
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
				{Config: config(), Check: resource.ComposeTestCheckFunc(attr("running_on", "kvm1"), check(func() error { return sees(g, 16<<20) }))},
				{
					PreConfig: func() { g = migrate(t, domain, flags...) },
					Config:    config(`cache = "none"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
					Check: resource.ComposeAggregateTestCheckFunc(
						acctest.Computed(t, diskType, "running_on", func() string { return hypervisorOf(t, g.UUID) }),
						attr("running_on", "kvm2"), attr("hypervisor", "kvm1"), attr("live", "true"), attr("persistent", "true"),
						check(func() error {
							if got := diskOf(t, "kvm2", domain, "vdb", true).Driver.Cache; got != "none" {
								return fmt.Errorf("cache is %q where the domain runs", got)
							}
							if flags != nil {
								return nil
							}
							if got := diskOf(t, "kvm1", domain, "vdb", true).Driver.Cache; got != "" {
								return fmt.Errorf("cache was changed to %q where the domain no longer runs", got)
							}
							return nil
						}),
					),
				},
				{
					PreConfig: func() { acctest.Virsh(t, "kvm2", "destroy", domain) },
					Config:    config(`cache = "none"`), ConfigPlanChecks: planned(plancheck.ResourceActionNoop), Check: attr("running_on", "kvm2"),
				},
				{
					Config: config(`cache = "none"`, `discard = "unmap"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
					Check: check(func() error {
						if got := diskOf(t, "kvm2", domain, "vdb", true).Driver.Discard; got != "unmap" {
							return fmt.Errorf("discard is %q where the domain ran last", got)
						}
						if flags == nil && diskOf(t, "kvm1", domain, "vdb", true).Driver.Discard != "" {
							return fmt.Errorf("discard was changed where the domain no longer is")
						}
						return nil
					}),
				},
				{
					PreConfig: func() {
						if err := g.Start(t.Context()); err != nil {
							t.Fatal(err)
						}
					},
					Config: config(`cache = "none"`, `discard = "unmap"`), ConfigPlanChecks: planned(plancheck.ResourceActionNoop),
				},
				{
					Config:           config(`cache = "none"`, `discard = "unmap"`, `hypervisor = "kvm2"`),
					ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
					Check: resource.ComposeAggregateTestCheckFunc(attr("hypervisor", "kvm2"), attr("id", "kvm2/"+domain+"/vdb"),
						check(func() error { return sees(g, 16<<20) })),
				},
				{Config: acctest.Provider(t), Check: check(func() error { return seesNone(g) })},
			}})
		})
	}
}

// A migration during a detach carries the disk away, which is no detach.
func TestAccLibvirtRBDDisk_migratedWhileDetached(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "carried"
	running(t, "kvm1", testbed.GuestOptions{Name: name, NoDrivers: true})
	image(t, "east", name, "16M")
	w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+block(name, name))
	w.Apply(t)
	log, end := w.Trace(t)
	wait := w.TryBeside(t, "destroy", "-target="+address, "-auto-approve", "-input=false")
	expect.Eventually(t, "the detach to wait", func() bool { return log.Has("waits for the guest to give a disk up", name) })
	g := migrate(t, name, "--undefinesource")
	moved := acctest.Message(`Disk vdb is still in domain "carried", which has moved from hypervisor "kvm1" to hypervisor "kvm2".`)
	if out, err := wait(); err == nil || !moved.MatchString(out) {
		t.Errorf("taken for detached: %v\n%s", err, out)
	}
	end()
	if diskOf(t, "kvm2", name, "vdb", false) == nil {
		t.Error("the guest has lost the disk")
	}
	if err := g.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Destroy(t)
	if diskOf(t, "kvm2", name, "vdb", true) != nil {
		t.Error("the saved definition has the disk")
	}
}

// A domain that was defined on another host instead, shut off, is found there.
func TestAccLibvirtRBDDisk_definedElsewhere(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "moved"
	g := guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	config := func(assignments ...string) string { return acctest.Provider(t) + block(name, name, assignments...) }
	move := func() {
		leaveKVM2(t, name)
		text := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive")
		acctest.Virsh(t, "kvm1", "undefine", name)
		acctest.VirshIn(t, "kvm2", strings.ReplaceAll(text, "/kvm1/", "/kvm2/"), "define", "/dev/stdin")
	}
	// Its new host has two labels, and the configuration names the second one.
	twoLabels := func() string {
		also := fmt.Sprintf("    also = { uri = %q }\n    kvm2 = {", acctest.Bed(t).Hypervisor("kvm2").URI)
		return strings.Replace(config(`cache = "none"`, `hypervisor = "kvm2"`), "    kvm2 = {", also, 1)
	}
	there := check(func() error {
		if got := diskOf(t, "kvm2", g.UUID, "vdb", true).Driver.Cache; got != "none" {
			return fmt.Errorf("cache is %q", got)
		}
		return nil
	})
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config(), Check: attr("running_on", "kvm1")},
		{PreConfig: move, Config: config(`cache = "none"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: there},
		{RefreshState: true, Check: attr("running_on", "kvm2")},
		{
			Config: twoLabels(), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: attr("hypervisor", "kvm2"),
		},
	}})
}

// A renamed domain is still the same one, whether the configuration has its former name, its new one or its UUID.
func TestAccLibvirtRBDDisk_domainRenamed(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name, later = "renamed-a", "renamed-b"
	g := guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	config := func(domain string, assignments ...string) string {
		return acctest.Provider(t) + block(domain, name, assignments...)
	}
	cache := func(want string) resource.TestCheckFunc {
		return check(func() error {
			if got := diskOf(t, "kvm1", later, "vdb", true).Driver.Cache; got != want {
				return fmt.Errorf("cache is %q", got)
			}
			return nil
		})
	}
	t.Cleanup(func() { acctest.Virsh(t, "kvm1", "domrename", later, name) })
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config(name)},
		{
			PreConfig: func() { acctest.Virsh(t, "kvm1", "domrename", name, later) },
			Config:    config(name), ConfigPlanChecks: planned(plancheck.ResourceActionNoop),
		},
		{Config: config(name, `cache = "none"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: cache("none")},
		{
			Config: config(later, `cache = "none"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeTestCheckFunc(attr("domain", later), attr("id", "kvm1/"+later+"/vdb"), cache("none"),
				acctest.Recorded(t, diskType, acctest.Drifted, "domain")),
		},
		// Its UUID is only another spelling.
		{Config: config(g.UUID, `cache = "none"`), ConfigPlanChecks: planned(plancheck.ResourceActionNoop), Check: attr("domain", later)},
	}})
}

// A domain was renamed, and another one has its name. The disk stays with the domain that has it, and the operator is told which that is.
func TestAccLibvirtRBDDisk_domainNameTaken(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name, aside = "taken", "taken-aside"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+block(name, name))
	apply(t, w)
	told := func(when string, want bool) {
		t.Helper()
		text := strings.Join(apply(t, w).texts("test", "warning"), "\n")
		if got := acctest.Message(`isn't on the domain that is now called "taken"`).MatchString(text); got != want {
			t.Errorf("%s: told of the other domain: %v, want %v: %s", when, got, want, text)
		}
	}
	expectOn := func(when, domain string, want bool) {
		t.Helper()
		if got := diskOf(t, "kvm1", domain, "vdb", false) != nil; got != want {
			t.Errorf("%s: domain %s has the disk: %v, want %v", when, domain, got, want)
		}
	}
	acctest.Virsh(t, "kvm1", "domrename", name, aside)
	told("renamed", false)
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	told("its name taken", true)
	expectOn("its name taken", aside, true)
	expectOn("its name taken", name, false)
	if result, err := try(t, w, "apply", "-auto-approve", "-replace="+address); err != nil {
		t.Fatalf("%v: %+v", err, result.diagnostics)
	}
	expectOn("replaced", aside, false)
	expectOn("replaced", name, true)
	told("replaced", false)
	w.Destroy(t)
	acctest.Virsh(t, "kvm1", "undefine", aside)
}
