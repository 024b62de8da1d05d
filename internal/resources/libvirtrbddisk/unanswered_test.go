//go:build cgo

package libvirtrbddisk_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const requiredProviders = "terraform {\n  required_providers {\n    ceph = { source = \"ceph-libvirt/ceph\" }\n  }\n}\n"

// A migration leaves a definition, shut off, where the guest came from. While the host to which it went doesn't answer, that
// definition says nothing about the disk: it is neither read nor changed nor taken for the whole.
func TestAccLibvirtRBDDisk_migratedToSilence(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "silent"
	running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	provider := requiredProviders + acctest.Provider(t)
	silent := strings.ReplaceAll(provider, acctest.Bed(t).Hypervisor("kvm2").URI, "qemu+unix:///session?socket="+
		filepath.Join(t.TempDir(), "none"))
	if silent == provider {
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
	w.Write(t, silent+block(name, name, `cache = "none"`))
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

// A domain that is shut off and was never seen elsewhere is taken as it is, with a warning that names the host that was not asked.
func TestAccLibvirtRBDDisk_notAskedEverywhere(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "unasked"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	silent := strings.ReplaceAll(requiredProviders+acctest.Provider(t), acctest.Bed(t).Hypervisor("kvm2").URI,
		"qemu+unix:///session?socket="+filepath.Join(t.TempDir(), "none"))
	w := acctest.NewWorkspaceOf(t, silent+block(name, name))
	if out := w.Apply(t); !acctest.Message(`Whether it runs on "kvm2" was not to be learned`).MatchString(out) {
		t.Errorf("no warning:\n%s", out)
	}
	if diskOf(t, "kvm1", name, "vdb", true) == nil {
		t.Error("not attached")
	}
	w.Destroy(t)
}
