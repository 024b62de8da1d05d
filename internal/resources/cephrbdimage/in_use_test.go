//go:build cgo

package cephrbdimage_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

// Everything that still uses an image is found before anything is removed or changed, and one error names all of it.
func TestAccCephRBDImage_inUse(t *testing.T) {
	config := func(name string, assignments ...string) string {
		return image(name, append([]string{"force_destroy = true", `timeouts = { delete = "20s", update = "20s" }`}, assignments...)...)
	}
	locked := `at 127.0.0.1:0/`
	before := func(t *testing.T, name string) string { return rbd(t, "snap", "ls", "--all", "vms/"+name) }
	snapshots := ""
	unlock := func() {
		for _, word := range strings.Fields(rbd(t, "lock", "ls", "vms/held")) {
			if strings.HasPrefix(word, "client.") {
				rbd(t, "lock", "rm", "vms/held", "host1", word)
			}
		}
	}
	run(t, "held",
		resource.TestStep{Config: config("held", small)},
		resource.TestStep{
			PreConfig: func() {
				rbd(t, "snap", "create", "--no-progress", "vms/held@before")
				rbd(t, "clone", "--rbd-default-clone-format", "2", "vms/held@before", "vms/tenant/child")
				rbd(t, "group", "create", "images/nightly")
				rbd(t, "group", "image", "add", "images/nightly", "vms/held")
				rbd(t, "lock", "add", "vms/held", "host1")
				snapshots = before(t, "held")
			},
			Config: config("held", small), Destroy: true,
			ExpectError: acctest.Message(`Unable to delete image vms/held of cluster "east". It has clones: vms/tenant/child of its snapshot` +
				` before; it is in the group images/nightly; client.`),
		},
		resource.TestStep{
			PreConfig: func() {
				if after := before(t, "held"); after != snapshots {
					t.Errorf("before:\n%s\nafter:\n%s", snapshots, after)
				}
			},
			Config: config("held", small), Destroy: true,
			ExpectError: acctest.Message(locked),
		},
		// A replacement ends with the removal, which would be refused.
		resource.TestStep{
			Config: config("held", small, `object_size = "1MiB"`),
			ExpectError: acctest.MessageAt("object_size", `Image vms/held of cluster "east" can't be deleted. It has clones: vms/tenant/child of`+
				` its snapshot before;`),
		},
		resource.TestStep{
			PreConfig: func() {
				rbd(t, "rm", "--no-progress", "vms/tenant/child")
				rbd(t, "group", "rm", "images/nightly")
			},
			Config: config("held", small), Destroy: true,
			ExpectError: acctest.Message(`has put the lock "host1" on it by hand. Nothing was removed. force_destroy does not override this.` +
				` If the lock's holder is gone or done, remove it (rbd lock rm vms/held host1 client.`),
		},
		// librbd refuses to change an image with such a lock, so no part of the change is made.
		resource.TestStep{
			Config:      config("moved", `size = "8MiB"`, `metadata = { owner = "somebody" }`),
			ExpectError: acctest.Message(`Image vms/held of cluster "east" can't be changed now. Client.`),
		},
		resource.TestStep{PreConfig: unlock, Config: config("held", small), PlanOnly: true},
	)
}

// A client that has an empty image open is waited for; what it writes meanwhile is not deleted.
func TestAccCephRBDImage_writtenWhileOpen(t *testing.T) {
	pools(t)
	w := acctest.NewWorkspaceOf(t, providerSource+acctest.Provider(t)+image("written", small))
	w.Apply(t)
	closeImage := acctest.OpenImage(t, "east", "admin", "vms/written")
	log, end := w.Trace(t)
	wait := w.TryBeside(t, "destroy", "-auto-approve", "-input=false")
	// By then it has found the image empty.
	expect.Eventually(t, "the deletion to wait", func() bool { return log.Has("waits for watchers to go", "written") })
	rbd(t, "bench", "--io-type", "write", "--io-size", "4096", "--io-total", "4096", "vms/written")
	closeImage()
	refused := acctest.Message(`Image vms/written on cluster "east" can't be deleted. What it holds: data`)
	if out, err := wait(); err == nil || !refused.MatchString(out) {
		t.Errorf("not refused: %v\n%s", err, out)
	}
	end()
	if usage := rbd(t, "diff", "vms/written"); !strings.Contains(usage, "data") {
		t.Errorf("the image holds %q", usage)
	}
	w.Write(t, providerSource+acctest.Provider(t)+image("written", small, "force_destroy = true"))
	w.Apply(t)
	w.Destroy(t)
	if exists(t, "written") {
		t.Error("the image is still there")
	}
}
