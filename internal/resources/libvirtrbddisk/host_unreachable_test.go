//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// A migration leaves a definition, shut off, on the former host. While the guest's new host is unreachable, that definition says nothing
// about the disk, and is not changed.
func TestAccLibvirtRBDDisk_migratedToUnreachableHost(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "unreachable"
	running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	provider := source + acctest.Provider(t)
	unreachable := strings.ReplaceAll(provider, acctest.Bed(t).Hypervisor("kvm2").URI, "qemu+unix:///session?socket="+
		filepath.Join(t.TempDir(), "none"))
	if unreachable == provider {
		t.Fatal("kvm2 still answers")
	}
	w := acctest.NewWorkspaceOf(t, provider+block(name, name))
	w.Apply(t)
	g := migrate(t, name)
	w.Apply(t)

	left := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive")
	refused := func(command string) {
		t.Helper()
		out, err := w.Try(t, command, "-auto-approve", "-input=false", "-refresh=false")
		if err == nil || !acctest.Message(`it is not known whether it still runs on hypervisor "kvm2"`).MatchString(out) {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	}
	w.Write(t, unreachable+block(name, name, `cache = "none"`))
	if out, err := w.Try(t, "plan", "-input=false"); err == nil ||
		!acctest.Message(`it is not known whether it still runs on hypervisor "kvm2"`).MatchString(out) {
		t.Errorf("plan: %v\n%s", err, out)
	}
	refused("apply")
	refused("destroy")
	if got := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive"); got != left {
		t.Errorf("what was left on kvm1 was changed:\n%s", got)
	}
	w.Write(t, provider+block(name, name, `cache = "none"`))
	w.Apply(t)
	if got := diskOf(t, "kvm2", name, "vdb", true); got == nil || got.Driver.Cache != "none" {
		t.Errorf("not changed where the domain runs: %+v", got)
	}
	w.Destroy(t)
	if err := seesNone(g); err != nil {
		t.Error(err)
	}
}

// A domain that is shut off and was never seen elsewhere gets its disk, with a warning that names the unreachable host.
func TestAccLibvirtRBDDisk_attachWhileHostUnreachable(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "unasked"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	unreachable := strings.ReplaceAll(source+acctest.Provider(t), acctest.Bed(t).Hypervisor("kvm2").URI,
		"qemu+unix:///session?socket="+filepath.Join(t.TempDir(), "none"))
	w := acctest.NewWorkspaceOf(t, unreachable+block(name, name))
	if out := w.Apply(t); !acctest.Message(`Whether it runs on "kvm2" was not to be learned`).MatchString(out) {
		t.Errorf("no warning:\n%s", out)
	}
	if diskOf(t, "kvm1", name, "vdb", true) == nil {
		t.Error("not attached")
	}
	w.Destroy(t)
}

// A domain may be on a hypervisor that is unreachable, or whose uri is known only after the apply: its disk stays in the state, and its
// destruction is refused.
func TestAccLibvirtRBDDisk_hostUnreachableOrUnknown(t *testing.T) {
	prepare(t)
	t.Parallel()
	const gone, lacks = "unasked-gone", "unasked-lacks"
	bed := acctest.Bed(t)
	east, kvm1, kvm2 := bed.Cluster("east"), bed.Hypervisor("kvm1").URI, bed.Hypervisor("kvm2").URI
	for _, name := range []string{gone, lacks} {
		guest(t, "kvm1", testbed.GuestOptions{Name: name})
		image(t, "east", name, "8M")
	}
	disks := strings.Replace(block(gone, gone), `"test"`, `"gone"`, 1) + strings.Replace(block(lacks, lacks), `"test"`, `"lacks"`, 1)
	// The uri of late is known only after each apply of another generation.
	config := func(generation, hypervisors, late string) string {
		return fmt.Sprintf(source+`resource "terraform_data" "made" {
  input            = %q
  triggers_replace = %q
}
provider "ceph" {
  clusters    = { east = { mon_host = %q, key = %q } }
  hypervisors = { %s }
}
`, late, generation, east.MonHost, east.AdminKey, hypervisors) + disks
	}
	entry := func(label, uri string) string {
		return fmt.Sprintf("%s = { uri = %q }", label, uri)
	}
	const late = "= { uri = terraform_data.made.output }"
	known := config("1", entry("kvm1", kvm1)+", kvm2 "+late, kvm2)
	unreachable := config("1", entry("kvm1", kvm1)+", "+entry("kvm2", "qemu+unix:///session?socket="+filepath.Join(t.TempDir(), "none")), kvm2)
	w := acctest.NewWorkspaceOf(t, known)
	w.Apply(t)
	move := func(name string) {
		t.Helper()
		leaveKVM2(t, name)
		text := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive")
		acctest.VirshIn(t, "kvm2", strings.ReplaceAll(text, "/kvm1/", "/kvm2/"), "define", "/dev/stdin")
		acctest.Virsh(t, "kvm2", "start", name, "--paused")
	}
	kept := func(when string, result outcome, err error, labels ...string) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v %+v", when, err, result.diagnostics)
		}
		for _, label := range labels {
			if text := strings.Join(result.texts(label, "warning"), "\n"); !strings.Contains(text, "State kept without refresh") {
				t.Errorf("%s: no warning for %s: %+v", when, label, result.diagnostics)
			}
			stateOf(t, w, label)
		}
		for _, name := range []string{gone, lacks} {
			if strings.Contains(acctest.Virsh(t, "kvm2", "list", "--name"), name) && diskOf(t, "kvm2", name, "vdb", false) == nil {
				t.Errorf("%s: the disk of %s was detached", when, name)
			}
		}
	}

	// The domain is shut off on kvm1 without the disk, and runs with the disk on kvm2, which is unreachable.
	move(lacks)
	acctest.Virsh(t, "kvm1", "detach-disk", lacks, "vdb", "--config")
	w.Write(t, unreachable)
	result, err := try(t, w, "apply", "-auto-approve")
	kept("unreachable", result, err, "lacks")
	if result, err = try(t, w, "destroy", "-auto-approve", "-target="+diskType+".lacks"); err == nil {
		t.Error("destroyed where nobody could be asked")
	}
	if !slices.ContainsFunc(result.diagnostics, func(d diagnostic) bool {
		return d.Severity == "error" && acctest.Message("it is not known whether it runs elsewhere with it").MatchString(d.Detail)
	}) {
		t.Errorf("destroy: %+v", result.diagnostics)
	}
	stateOf(t, w, "lacks")

	// The same while the uri of kvm2 is unknown, also with a domain that is not on kvm1 any more.
	move(gone)
	acctest.Virsh(t, "kvm1", "undefine", gone)
	w.Write(t, config("2", entry("kvm1", kvm1)+", kvm2 "+late, kvm2))
	result, err = try(t, w, "apply", "-auto-approve")
	kept("unknown", result, err, "gone", "lacks")
	expectChanges(t, "unknown", result, 1, 0, 0, 1)
	w.ExpectEmptyPlan(t)
	w.Apply(t)
	for _, label := range []string{"gone", "lacks"} {
		if on := stateOf(t, w, label)["running_on"]; on != "kvm2" {
			t.Errorf("%s runs on %v", label, on)
		}
	}

	// Another host under the label doesn't count as reinstalled while an unknown entry may be the former host.
	w.Write(t, config("3", entry("kvm1", kvm2)+", former "+late, kvm1))
	result, err = try(t, w, "plan")
	kept("reinstalled", result, err, "gone", "lacks")
	for _, d := range result.diagnostics {
		if strings.Contains(d.Summary, "reinstalled") {
			t.Errorf("%+v", d)
		}
	}
	expectChanges(t, "reinstalled", result, 1, 0, 0, 1)

	// Once all hosts answer, the disks are found and detached.
	for _, name := range []string{gone, lacks} {
		acctest.Virsh(t, "kvm2", "destroy", name)
	}
	w.Write(t, config("2", entry("kvm1", kvm1)+", kvm2 "+late, kvm2))
	w.Destroy(t)
	if diskOf(t, "kvm2", gone, "vdb", true) != nil {
		t.Error("the disk is still in the saved definition")
	}
}
