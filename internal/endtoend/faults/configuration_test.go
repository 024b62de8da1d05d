//go:build cgo

package faults_test

import (
	"fmt"
	"strings"
)

const resources = `
resource "ceph_pool" "p" {
  name              = "NAME"
  applications      = ["rbd"]
  pg_num            = 1
  pg_autoscale_mode = "off"
  quota_max_objects = QUOTA
}
resource "ceph_user" "u" {
  name = "NAME"
  caps = { mon = "profile rbd", osd = "profile rbd pool=${ceph_pool.p.name}CAPS" }
}
resource "ceph_rbd_image" "i" {
  pool = ceph_pool.p.name
  name = "NAME"
  size = "SIZEMiB"
  TIMEOUTS
  GATE
}
resource "libvirt_ceph_secret" "s" {
  provider    = ceph
  usage_name  = "NAME"
  description = "DESCRIPTION"
  key         = ceph_user.u.key
}
resource "libvirt_rbd_disk" "d" {
  provider    = ceph
  domain      = "DOMAIN"
  cluster     = "east"
  pool        = ceph_rbd_image.i.pool
  image       = ceph_rbd_image.i.name
  user        = ceph_user.u.name
  secret_uuid = libvirt_ceph_secret.s.uuid
  target_dev  = "vdb"
  cache       = "CACHE"
  TIMEOUTS
}
`

// imageGate lets the image wait after the pool and the user.
const imageGate = `
resource "terraform_data" "gate" {
  depends_on = [ceph_pool.p, ceph_user.u]
  provisioner "local-exec" {
    command = "touch FOLDER/reached; for i in $(seq 3000); do [ -e FOLDER/leave ] && exit; sleep 0.02; done; exit 1"
  }
}
`

// configuration has one resource of each type, on east and kvm1. Both entries have this limit; changed is another value in each resource.
func (r *run) configuration(limit string, changed bool) string {
	quota, caps, description, cache := "1000", "", "one", "none"
	if changed != r.other {
		quota, caps, description, cache = "2000", ", allow r pool=.mgr", "other", "writeback"
	}
	size := r.size
	if changed {
		size++
	}
	text, waits := resources, ""
	if r.gate != "" {
		text, waits = resources+strings.ReplaceAll(imageGate, "FOLDER", r.gate), "depends_on = [terraform_data.gate]"
	}
	return r.providerBlock(limit) + strings.NewReplacer("NAME", r.name, "QUOTA", quota, "CAPS", caps, "SIZE", fmt.Sprint(size),
		"DESCRIPTION", description, "DOMAIN", r.guest.Name, "CACHE", cache, "TIMEOUTS", r.timeouts,
		"GATE", waits).Replace(text)
}

// providerBlock has the entries east and kvm1.
func (r *run) providerBlock(limit string) string {
	return fmt.Sprintf(`terraform {
  required_providers {
    ceph = { source = "ceph-libvirt/ceph" }
  }
}
provider "ceph" {
  clusters    = { east = { %[1]s, connect_timeout = %[3]q, operation_timeout = %[3]q } }
  hypervisors = { kvm1 = { %[2]s, connect_timeout = %[3]q, operation_timeout = %[3]q } }
}
`, r.cluster, r.host, limit)
}
