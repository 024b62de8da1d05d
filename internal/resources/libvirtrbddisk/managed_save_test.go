//go:build cgo

package libvirtrbddisk_test

import (
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// A managed save image holds the guest with its disk: what would make the image useless is refused, and the plan warns of changes that the
// restored guest won't have.
func TestAccLibvirtRBDDisk_managedSave(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "saved"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	for _, suffix := range []string{"", "-other", "-new"} {
		image(t, "east", name+suffix, "16M")
	}
	w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+block(name, name))
	apply(t, w)
	acctest.Virsh(t, "kvm1", "managedsave", name)
	const words = `Domain "saved" on hypervisor "kvm1" has a managed save image`
	attempts(t, w, name, []attempt{
		{"nothing", name, nil, []string{"plan", "-detailed-exitcode"}, ""},
		{"other image", name + "-other", nil, []string{"apply", "-auto-approve"}, words},
		{"other target", name, []string{`target_dev = "vdd"`}, []string{"plan"}, words},
		{"-replace", name, nil, []string{"plan", "-replace=" + address}, words},
		{"destroy", name, nil, []string{"destroy", "-auto-approve"}, words},
	})
	// These go into the saved definition only, of which the restored guest knows nothing.
	told := func(label string, result outcome) {
		t.Helper()
		if text := strings.Join(result.texts(label, "warning"), "\n"); !strings.Contains(text, "managed save image") {
			t.Errorf("%s: the plan doesn't tell that the restored guest won't have it: %s", label, text)
		}
	}
	w.Write(t, source+acctest.Provider(t)+block(name, name, `serial = "later"`)+
		strings.Replace(block(name, name+"-new", `target_dev = "vdc"`), `"test"`, `"new"`, 1))
	result := apply(t, w)
	expectChanges(t, "serial and a new disk", result, 1, 1, 0, 0)
	told("test", result)
	told("new", result)
	// The new disk isn't in the image: it may go.
	w.Write(t, source+acctest.Provider(t)+block(name, name, `serial = "later"`))
	expectChanges(t, "the new disk again", apply(t, w), 0, 0, 0, 1)

	acctest.Virsh(t, "kvm1", "start", name)
	if err := sees(g, 16<<20); err != nil {
		t.Fatal(err)
	}
	if _, err := try(t, w, "destroy", "-auto-approve"); err != nil {
		t.Errorf("the destroy once the guest runs again: %v", err)
	}
	if err := seesNone(g); err != nil {
		t.Error(err)
	}
}
