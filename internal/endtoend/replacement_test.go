//go:build cgo

package endtoend_test

import (
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// A replacement of the same name that is made before the former object goes must not lose the object. Where no refresh has read it since,
// its create is still on record, and so that of the replacement takes up what is there. The deletion leaves it then.
func TestAccReplacementTakesUpTheObjectItself(t *testing.T) {
	before := inventory(t)
	w := acctest.NewWorkspaceOf(t, entries{clusters: map[string]string{"east": "east"}}.block(t)+`
resource "ceph_crush_rule" "replaced" {
  name           = "replaced"
  failure_domain = "osd"
  lifecycle { create_before_destroy = true }
}
resource "ceph_erasure_code_profile" "replaced" {
  name = "replaced"
  k    = 2
  m    = 1
  lifecycle { create_before_destroy = true }
}
resource "ceph_user" "replaced" {
  name = "replaced"
  caps = { mon = "profile rbd" }
  lifecycle { create_before_destroy = true }
}
resource "ceph_pool" "replaced" {
  name         = "replaced"
  applications = ["rbd"]
  lifecycle { create_before_destroy = true }
}
resource "ceph_pool" "full" {
  name         = "replaced-full"
  applications = ["rbd"]
}
resource "ceph_rbd_namespace" "replaced" {
  pool = ceph_pool.full.name
  name = "replaced"
  lifecycle { create_before_destroy = true }
}
resource "ceph_rbd_image" "replaced" {
  pool = ceph_pool.full.name
  name = "replaced"
  size = "8MiB"
  lifecycle { create_before_destroy = true }
}
resource "ceph_rbd_image" "full" {
  pool = ceph_pool.full.name
  name = "full"
  size = "8MiB"
}
resource "ceph_rbd_snapshot" "replaced" {
  pool  = ceph_rbd_image.full.pool
  image = ceph_rbd_image.full.name
  name  = "replaced"
  lifecycle { create_before_destroy = true }
}
`)
	w.Apply(t)
	seen := func() string {
		return inventory(t) + acctest.RBD(t, "east", "namespace", "ls", "replaced-full") +
			imageInfo(t, "east", "replaced-full/replaced") + acctest.RBD(t, "east", "snap", "ls", "replaced-full/full")
	}
	made := seen()
	replaced := []string{"crush_rule", "erasure_code_profile", "user", "pool", "rbd_namespace", "rbd_image", "rbd_snapshot"}
	args := []string{"-refresh=false", "-json"} // otherwise similar warnings are put together
	for _, name := range replaced {
		args = append(args, "-replace=ceph_"+name+".replaced")
	}
	out := w.Apply(t, args...)
	expectOutput(t, out, "7 added, 0 changed, 7 destroyed")
	if n := strings.Count(out, `"summary":"Not deleted"`); n != len(replaced) {
		t.Errorf("%d warnings:\n%s", n, out)
	}
	if now := seen(); now != made {
		t.Errorf("what was there:\n%s\nis now:\n%s", made, now)
	}
	w.ExpectEmptyPlan(t)
	w.Destroy(t)
	expectInventory(t, before)
}
