//go:build cgo

package endtoend_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// adoption takes over everything that the data sources of several find, each with the arguments that they tell.
const adoption = `
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
  clusters    = { east = { mon_host = %q, key = var.key } }
  hypervisors = { kvm1 = { uri = %q } }
}

data "ceph_pools" "found" { name_pattern = "adopt*" }
data "ceph_users" "found" { name_pattern = "adopt-*" }
data "ceph_rbd_images" "found" { name_pattern = "*" }
data "libvirt_ceph_secrets" "found" {
  provider     = ceph
  name_pattern = "adopt@*"
}
data "libvirt_domains" "found" {
  provider     = ceph
  name_pattern = "adopted"
}

locals {
  pools   = { for pool in data.ceph_pools.found.pools : pool.id => pool }
  users   = { for user in data.ceph_users.found.users : user.id => user }
  images  = { for image in data.ceph_rbd_images.found.images : image.id => image if startswith(image.pool, "adopt") }
  secrets = { for secret in data.libvirt_ceph_secrets.found.secrets : secret.id => secret }
  disks   = { for disk in flatten(data.libvirt_domains.found.domains[*].disks) : disk.id => disk if disk.id != null }
}

import {
  for_each = local.pools
  to       = ceph_pool.adopted[each.key]
  id       = each.key
}

import {
  for_each = local.users
  to       = ceph_user.adopted[each.key]
  id       = each.key
}

import {
  for_each = local.images
  to       = ceph_rbd_image.adopted[each.key]
  id       = each.key
}

import {
  provider = ceph
  for_each = local.secrets
  to       = libvirt_ceph_secret.adopted[each.key]
  id       = each.key
}

import {
  provider = ceph
  for_each = local.disks
  to       = libvirt_rbd_disk.adopted[each.key]
  id       = each.key
}

resource "ceph_pool" "adopted" {
  for_each             = local.pools
  cluster              = each.value.cluster
  name                 = each.value.name
  type                 = each.value.type
  erasure_code_profile = each.value.erasure_code_profile
  crush_rule           = each.value.crush_rule
  size                 = each.value.size
  min_size             = each.value.min_size
  pg_num               = each.value.pg_num
  pgp_num              = each.value.pgp_num
  pg_autoscale_mode    = each.value.pg_autoscale_mode
  quota_max_bytes      = each.value.quota_max_bytes
  nodelete             = each.value.nodelete
  applications         = each.value.applications
}

resource "ceph_user" "adopted" {
  for_each     = local.users
  cluster      = each.value.cluster
  name         = each.value.name
  caps         = each.value.caps
  key_type     = each.value.key_type
  key_in_state = false
}

resource "ceph_rbd_image" "adopted" {
  for_each     = local.images
  cluster      = each.value.cluster
  pool         = each.value.pool
  namespace    = each.value.namespace
  name         = each.value.name
  size         = each.value.size
  features     = each.value.features
  object_size  = each.value.object_size
  stripe_unit  = each.value.stripe_unit
  stripe_count = each.value.stripe_count
  data_pool    = each.value.data_pool
  metadata     = each.value.metadata
  config       = each.value.config
}

resource "libvirt_ceph_secret" "adopted" {
  provider       = ceph
  for_each       = local.secrets
  hypervisor     = each.value.hypervisor
  uuid           = each.value.uuid
  usage_name     = each.value.usage_name
  description    = each.value.description
  ephemeral      = each.value.ephemeral
  private        = each.value.private
  key_wo_version = each.value.key_fingerprint
}

resource "libvirt_rbd_disk" "adopted" {
  provider    = ceph
  for_each    = local.disks
  hypervisor  = each.value.hypervisor
  domain      = each.value.domain
  cluster     = each.value.cluster
  monitors    = each.value.monitors
  config_file = each.value.config_file
  pool        = each.value.pool
  namespace   = each.value.namespace
  image       = each.value.image
  snapshot    = each.value.snapshot
  user        = each.value.user
  secret_uuid = each.value.secret_uuid
  target_dev  = each.value.target_dev
  bus         = each.value.bus
  device      = each.value.device
  cache       = each.value.cache
  serial      = each.value.serial
  address     = each.value.address
  iotune      = each.value.iotune
}

output "adopted" {
  value = concat(keys(local.pools), keys(local.users), keys(local.images), keys(local.secrets), keys(local.disks))
}
`

// estate lists what is to be adopted, as ceph, rbd and virsh tell it.
func estate(t *testing.T) string {
	t.Helper()
	all := inventory(t)
	for _, place := range []string{"adopt", "adopt/tenant"} {
		for _, image := range strings.Fields(acctest.RBD(t, "east", "ls", place)) {
			all += acctest.RBD(t, "east", "info", "--format", "json", place+"/"+image) +
				acctest.RBD(t, "east", "image-meta", "list", "--format", "json", place+"/"+image)
		}
	}
	return all + acctest.Ceph(t, "east", "osd", "pool", "ls", "detail")
}

// TestAccAdoptWhatIsFound takes an estate that was made by hand to "No changes", by import blocks over the data sources of several.
// Nothing of it is touched, and no key gets into state, plan or log.
func TestAccAdoptWhatIsFound(t *testing.T) {
	bed := acctest.Bed(t)
	const secret = "33085c23-2177-242d-7661-c785df7f6230"
	acctest.Ceph(t, "east", "osd", "pool", "create", "adopt", "8", "8", "--autoscale-mode=off")
	acctest.RBD(t, "east", "pool", "init", "adopt")
	acctest.Ceph(t, "east", "osd", "pool", "set-quota", "adopt", "max_bytes", "10737418240")
	acctest.RBD(t, "east", "namespace", "create", "adopt/tenant")
	for _, image := range [][]string{
		{"adopt/plain", "--size", "1G"},
		{"adopt/tenant/plain", "--size", "1536M"},
		{"adopt/striped", "--size", "1G", "--stripe-unit", "64K", "--stripe-count", "4", "--image-feature", "layering"},
	} {
		acctest.RBD(t, "east", append([]string{"create"}, image...)...)
	}
	acctest.RBD(t, "east", "image-meta", "set", "adopt/plain", "owner", "somebody")
	acctest.RBD(t, "east", "config", "image", "set", "adopt/plain", "rbd_cache", "false")
	l := newLeaks(t)
	for _, user := range []string{"adopt-a", "adopt-b"} {
		acctest.Ceph(t, "east", "auth", "get-or-create", "client."+user, "mon", "profile rbd", "osd", "profile rbd pool=adopt")
		l.keys["the key of "+user] = acctest.Ceph(t, "east", "auth", "print-key", "client."+user)
	}
	l.keys["the key of client.admin"] = bed.Cluster("east").AdminKey
	acctest.Virsh(t, "kvm1", "secret-define", "--file", file(t, "secret.xml", "<secret ephemeral='no' private='no'><uuid>"+secret+
		"</uuid><description>by hand</description><usage type='ceph'><name>adopt@east</name></usage></secret>"))
	setByHand(t, "kvm1", secret, l.keys["the key of adopt-a"])
	definedGuest(t.Context(), t, bed.Hypervisor("kvm1"), testbed.GuestOptions{Name: "adopted"})
	for target, image := range map[string]string{"vdb": "adopt/plain", "vdc": "adopt/striped"} {
		xml := acctest.XML(t, acctest.RBDDisk(t, "east", image, target, "adopt-a", secret))
		acctest.VirshIn(t, "kvm1", strings.Replace(xml, "</disk>", "<serial>"+target+"</serial></disk>", 1),
			"attach-device", "adopted", "/dev/stdin", "--config")
	}
	t.Cleanup(func() {
		for _, user := range []string{"adopt-a", "adopt-b"} {
			acctest.Ceph(t, "east", "auth", "rm", "client."+user)
		}
		acctest.Virsh(t, "kvm1", "secret-undefine", secret)
		acctest.Ceph(t, "east", "osd", "pool", "delete", "adopt", "adopt", "--yes-i-really-really-mean-it")
	})

	before := estate(t)
	w := l.workspace(acctest.NewWorkspaceOf(t, fmt.Sprintf(adoption, bed.Cluster("east").MonHost, bed.Hypervisor("kvm1").URI)))
	w.Set(t, "key", bed.Cluster("east").AdminKey)
	l.addCanary(t, w)
	const objects = 1 + 2 + 3 + 1 + 2
	want := fmt.Sprintf("Plan: %d to import, 0 to add, 0 to change, 0 to destroy.", objects)
	if out := l.run(t, w, "plan", "-input=false", "-out=adoption.tfplan"); !acctest.Message(want).MatchString(out) {
		t.Errorf("the plan is not %q:\n%s", want, out)
	}
	l.run(t, w, "apply", "-input=false", "adoption.tfplan")
	if out := l.run(t, w, "plan", "-input=false", "-detailed-exitcode"); !acctest.Message("No changes").MatchString(out) {
		t.Errorf("the plan after the adoption is not empty:\n%s", out)
	}
	l.expectCanaries(t, w, "terraform.tfstate", "adoption.tfplan/tfplan")
	l.expectNone(t, w)
	if after := estate(t); after != before {
		t.Errorf("the adoption has touched something\nbefore:\n%s\nafter:\n%s", before, after)
	}
}
