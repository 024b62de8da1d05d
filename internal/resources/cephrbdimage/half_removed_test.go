//go:build cgo

package cephrbdimage_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// rados runs a command on a pool of the cluster east.
func rados(t *testing.T, args ...string) string {
	t.Helper()
	out, err := acctest.Bed(t).Cluster("east").Rados(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// halfRemove leaves an image as a removal that was killed does: in the trash, with the mark of a removal, and with its data.
func halfRemove(t *testing.T, pool, name, id string) {
	t.Helper()
	rbd(t, "trash", "mv", pool+"/"+name)
	record := filepath.Join(t.TempDir(), "record")
	rados(t, "-p", pool, "getomapval", "rbd_trash", "id_"+id, record)
	encoded, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	encoded[6] = 3 // behind version, oldest version and length: who has moved it there
	if err := os.WriteFile(record, encoded, 0o600); err != nil {
		t.Fatal(err)
	}
	rados(t, "-p", pool, "setomapval", "rbd_trash", "id_"+id, "--input-file", record)
	if listed := rbd(t, "trash", "ls", "--all", pool); strings.Contains(listed, id) {
		t.Fatalf("the trash lists %s", listed)
	}
}

// An image whose removal was cut off stays in the state, and the next destroy removes what is left of it, and not the image that has got
// the name since.
func TestAccCephRBDImage_halfRemoved(t *testing.T) {
	pools(t)
	for _, name := range []string{"cut-off", "name-taken"} {
		t.Run(name, func(t *testing.T) {
			id := ""
			config := image(name, small, "force_destroy = true")
			acctest.Run(t, "image "+name, func() bool { return name == "cut-off" && exists(t, name) },
				resource.TestStep{Config: config},
				resource.TestStep{
					PreConfig: func() {
						fill(t, "east", "vms/"+name)
						id = field("id")(t, name)
						halfRemove(t, "vms", name, id)
						if name == "name-taken" {
							rbd(t, "create", "--size", "8M", "vms/"+name)
						}
					},
					Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionNoop),
				},
				resource.TestStep{
					Config:      image(name, `size = "16MiB"`, "force_destroy = true"),
					ExpectError: acctest.Message("Image vms/" + name + " (id "),
				},
				// Its place is taken by a new one, or else there is none.
				resource.TestStep{
					Config: map[string]string{
						"cut-off": image(name, small, `object_size = "1MiB"`, "force_destroy = true"), "name-taken": "# none",
					}[name],
				},
			)
			if left := rados(t, "-p", "vms", "ls"); id == "" || strings.Contains(left, id) {
				t.Errorf("of the image %s is left: %s", id, left)
			}
			if left := rados(t, "-p", "vms", "listomapkeys", "rbd_trash"); strings.Contains(left, id) {
				t.Errorf("the trash still has %s", left)
			}
			if name == "name-taken" {
				if size := field("size")(t, name); size != "8388608" {
					t.Errorf("the image that has the name has %s bytes", size)
				}
				rbd(t, "rm", "--no-progress", "vms/"+name)
			}
		})
	}
}
