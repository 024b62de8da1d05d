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

// One apply rotates the users and updates the secrets of every hypervisor. When a host fails meanwhile, the others are done,
// it is named, and the next apply finishes. A host that is down from the start does not keep the others waiting either.
func TestAccRotationReachesEveryHost(t *testing.T) {
	bed := acctest.Bed(t)
	kvm2 := bed.Hypervisor("kvm2")
	definedGuest(t.Context(), t, bed.Hypervisor("kvm1"), testbed.GuestOptions{Name: "keyless"})
	w := chain(t)
	w.Apply(t)
	first := expectKeysEverywhere(t)
	value := func(host, cluster string) string {
		return acctest.Virsh(t, host, "secret-get-value", secretOf(t, host, cluster))
	}

	w.Set(t, "key_generation", "2")
	w.Terraform(t, "plan", "-input=false", "-out=rotation.tfplan")
	if err := kvm2.Stop(); err != nil {
		t.Fatal(err)
	}
	start := func() {
		if err := kvm2.Start(context.Background()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() {
		if _, err := kvm2.Virsh(context.Background(), "list"); err != nil {
			start()
		}
	})
	out, err := w.Try(t, "apply", "-input=false", "rotation.tfplan")
	if err == nil || !strings.Contains(out, `hypervisor "kvm2"`) || strings.Contains(out, `hypervisor "kvm1"`) {
		t.Errorf("the host that failed is not named, or another one is: %v\n%s", err, out)
	}
	for _, cluster := range []string{"east", "west"} {
		key := acctest.Ceph(t, cluster, "auth", "print-key", "client.libvirt")
		if key == first[cluster] || value("kvm1", cluster) != key {
			t.Errorf("the key of %s is new: %v; kvm1 has it: %v", cluster, key != first[cluster], value("kvm1", cluster) == key)
		}
	}
	start()
	w.Apply(t)
	second := expectKeysEverywhere(t)
	w.ExpectEmptyPlan(t)

	// Down from the start: the refresh names it, and what is not on it can be rotated meanwhile.
	w.Set(t, "key_generation", "3")
	if err := kvm2.Stop(); err != nil {
		t.Fatal(err)
	}
	if out, err := w.Try(t, "plan", "-input=false"); err == nil || !strings.Contains(out, `hypervisor "kvm2"`) {
		t.Errorf("%v\n%s", err, out)
	}
	w.Apply(t, `-target=libvirt_ceph_secret.libvirt["east on kvm1"]`, `-target=libvirt_ceph_secret.libvirt["west on kvm1"]`)
	start()
	w.Apply(t)
	for cluster, key := range expectKeysEverywhere(t) {
		if key == second[cluster] {
			t.Errorf("the key of %s was not rotated", cluster)
		}
	}
	w.ExpectEmptyPlan(t)
	w.Destroy(t)
}

// aes256k is the structure of the key type that came with Ceph 19.2.6: type 2, a time, 32 bytes.
func aes256k(fill byte) string {
	raw := append([]byte{2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 32, 0}, make([]byte, 32)...)
	raw[len(raw)-1] = fill
	return base64.StdEncoding.EncodeToString(raw)
}

// A machine whose Ceph libraries are too old for the type of a key is told so, the one that runs Terraform as well as a
// hypervisor.
func TestAccKeyTypeTooNew(t *testing.T) {
	bed := acctest.Bed(t)
	east := bed.Cluster("east")
	if strings.Contains(acctest.Ceph(t, "east", "mon", "dump", "--format", "json"), "auth_allowed_ciphers") {
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
