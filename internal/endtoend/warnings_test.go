//go:build cgo

package endtoend_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// warned is a pool whose number of placement groups changes, and a disk of a user who does not have "profile rbd" on the monitors.
const warned = `
terraform {
  required_providers {
    ceph = { source = "ceph-libvirt/ceph" }
  }
}
variable "pg_num" {
  type = number
}
provider "ceph" {
  clusters    = { east = { mon_host = %q, key = %q } }
  hypervisors = { kvm1 = { uri = %q } }
}
resource "ceph_pool" "p" {
  name              = "warned"
  pg_num            = var.pg_num
  pg_autoscale_mode = "off"
  applications      = ["rbd"]
}
resource "ceph_rbd_image" "i" {
  pool = ceph_pool.p.name
  name = "data"
  size = "16MiB"
}
resource "ceph_user" "u" {
  name = "warned"
  caps = { mon = "allow r", osd = "allow rwx pool=warned" }
}
resource "libvirt_ceph_secret" "s" {
  provider   = ceph
  usage_name = "client.warned"
  key        = ceph_user.u.key
}
resource "libvirt_rbd_disk" "d" {
  provider    = ceph
  domain      = "warned"
  pool        = ceph_rbd_image.i.pool
  image       = ceph_rbd_image.i.name
  user        = ceph_user.u.name
  secret_uuid = libvirt_ceph_secret.s.uuid
  target_dev  = "vdb"
}
`

// TestAccWarnings reads the warnings in the output of terraform; plugin-testing does not show them.
func TestAccWarnings(t *testing.T) {
	bed := acctest.Bed(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	east, kvm1 := bed.Cluster("east"), bed.Hypervisor("kvm1")
	definedGuest(ctx, t, kvm1, testbed.GuestOptions{Name: "warned"})
	w := acctest.NewWorkspaceOf(t, fmt.Sprintf(warned, east.MonHost, east.AdminKey, kvm1.URI))
	w.Set(t, "pg_num", "8")
	if out := w.Apply(t); !strings.Contains(out, "User can't take over locks") {
		t.Errorf("no warning of a user without profile rbd:\n%s", out)
	}
	if out := w.Terraform(t, "plan", "-input=false"); strings.Contains(out, "Ceph will move data") {
		t.Errorf("a plan without a change warns:\n%s", out)
	}
	w.Set(t, "pg_num", "16")
	if out := w.Terraform(t, "plan", "-input=false"); !strings.Contains(out, "Ceph will move data") ||
		!strings.Contains(out, "The change of pg_num") {
		t.Errorf("no warning of data that moves:\n%s", out)
	}
	w.Destroy(t)
}
