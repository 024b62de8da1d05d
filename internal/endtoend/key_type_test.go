//go:build cgo

package endtoend_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// aes256k returns a key of the type that Ceph 19.2.6 introduced: type 2, a time, 32 bytes.
func aes256k(fill byte) string {
	raw := append([]byte{2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 32, 0}, make([]byte, 32)...)
	raw[len(raw)-1] = fill
	return base64.StdEncoding.EncodeToString(raw)
}

// knowsKeyTypes reports whether the cluster is of 19.2.6, 20.2.4 or newer.
func knowsKeyTypes(t *testing.T) bool {
	t.Helper()
	return strings.Contains(acctest.Ceph(t, "east", "mon", "dump", "--format", "json"), "auth_allowed_ciphers")
}

// The error says so where the Ceph libraries of a machine are too old for the type of a key: of the machine that runs Terraform, and
// of a hypervisor.
func TestAccKeyTypeTooNew(t *testing.T) {
	bed := acctest.Bed(t)
	east := bed.Cluster("east")
	if knowsKeyTypes(t) {
		t.Skip("the libraries on this machine know the key type")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	acctest.Ceph(t, "east", "osd", "pool", "create", "typed", "8")
	acctest.RBD(t, "east", "pool", "init", "typed")
	acctest.RBD(t, "east", "create", "--size", "1M", "typed/disk")
	defer acctest.Ceph(t, "east", "osd", "pool", "delete", "typed", "typed", "--yes-i-really-really-mean-it")
	guest := definedGuest(ctx, t, bed.Hypervisor("kvm1"), testbed.GuestOptions{Name: "keyless", Paused: true})
	if err := guest.Start(ctx); err != nil {
		t.Fatal(err)
	}
	w := acctest.NewWorkspaceOf(t, strings.NewReplacer("EAST", east.MonHost, "KVM1", bed.Hypervisor("kvm1").URI, "V1",
		east.Monitors[0].Host).Replace(`
terraform {
  required_providers {
    ceph = { source = "ceph-libvirt/ceph" }
  }
}
variable "key" {
  type      = string
  ephemeral = true
}
provider "ceph" {
  clusters    = { east = { mon_host = "EAST", key = var.key } }
  hypervisors = { kvm1 = { uri = "KVM1" } }
}
data "ceph_user" "admin" {
  count = terraform.workspace == "default" ? 0 : 1
  name  = "admin"
}
resource "libvirt_ceph_secret" "typed" {
  provider   = ceph
  usage_name = "typed"
  key_wo     = var.key
}
resource "libvirt_rbd_disk" "typed" {
  provider    = ceph
  domain      = "keyless"
  monitors    = [{ host = "V1" }]
  pool        = "typed"
  image       = "disk"
  user        = "admin"
  secret_uuid = libvirt_ceph_secret.typed.uuid
  target_dev  = "vdb"
}
`))
	w.Set(t, "key", aes256k(1))
	out, err := w.Try(t, "apply", "-auto-approve", "-input=false")
	if err == nil || !found(out, `Hypervisor "kvm1" can't use the key in the secret`) ||
		!found(out, "The key is of type aes256k, which the librbd on that host is probably too old for.") {
		t.Errorf("%v\n%s", err, out)
	}
	w.Destroy(t)
	w.Terraform(t, "workspace", "new", "other")
	out, err = w.Try(t, "plan", "-input=false")
	if err == nil || !found(out, "The key is of type aes256k, which the librados on this machine is probably too old for") {
		t.Errorf("%v\n%s", err, out)
	}
}
