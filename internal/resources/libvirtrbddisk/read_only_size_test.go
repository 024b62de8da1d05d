//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// libvirt tells a guest no other size of a disk that it only reads: the growth of its image is recorded, and waits for the next start.
func TestAccLibvirtRBDDisk_growthOfReadOnlyDisk(t *testing.T) {
	prepare(t)
	t.Parallel()
	for label, assignments := range map[string][]string{
		"disk":  {"read_only = true"},
		"cdrom": {`device = "cdrom"`, `bus = "scsi"`, `target_dev = "sda"`},
	} {
		name, target := "grown-"+label, "vdb"
		if label != "disk" {
			target = "sda"
		}
		running(t, "kvm1", testbed.GuestOptions{Name: name, SCSI: true})
		image(t, "east", name, "8M")
		config := func(size string) string {
			return source + acctest.Provider(t) + block(name, name, append([]string{fmt.Sprintf("size = %q", size)}, assignments...)...)
		}
		w := acctest.NewWorkspaceOf(t, config("8MiB"))
		expectChanges(t, label, apply(t, w), 1, 0, 0, 0)
		acctest.RBD(t, "east", "resize", "--size", "16M", pool+"/"+name)
		w.Write(t, config("16MiB"))
		got := apply(t, w)
		expectChanges(t, label+", grown", got, 0, 1, 0, 0)
		text := strings.Join(got.texts("test", "warning"), "\n")
		if !strings.Contains(text, "not told") || !strings.Contains(text, "only reads") || strings.Contains(text, warnsAtOnce) {
			t.Errorf("%s: the operator reads %s", label, text)
		}
		if seen := acctest.Virsh(t, "kvm1", "domblkinfo", name, target); !strings.Contains(seen, "8388608") {
			t.Errorf("%s: virsh domblkinfo shows %s", label, seen)
		}
		w.ExpectEmptyPlan(t)
		w.Destroy(t)
	}
}
