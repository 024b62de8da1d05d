# Guests whose archive disks keep their data on an erasure-coded pool: with four chunks of data and two of parity a byte takes one and a half
# bytes of disk, and not three, and still two hosts can be lost.

terraform {
  required_version = ">= 1.10" # for ephemeral variables; OpenTofu: 1.11
  required_providers {
    ceph = {
      source = "ceph-libvirt/ceph"
    }
  }
}

provider "ceph" {
  clusters = {
    west = { mon_host = var.mon_host, key = var.admin_key }
  }
  hypervisors = {
    kvm1 = { uri = var.hypervisor_uri }
  }
}

resource "ceph_erasure_code_profile" "archive" {
  cluster              = "west"
  name                 = "archive"
  k                    = var.chunks.data
  m                    = var.chunks.parity
  crush_failure_domain = var.failure_domain
}

# Holds the data of the images, and nothing else: an erasure-coded pool can't hold what an image consists of besides.
resource "ceph_pool" "data" {
  cluster              = "west"
  name                 = "archive-data"
  erasure_code_profile = ceph_erasure_code_profile.archive.name
  allow_ec_overwrites  = true
  applications         = ["rbd"]
}

# Holds the images themselves: their names, headers and snapshots' names, a few MiB.
resource "ceph_pool" "images" {
  cluster      = "west"
  name         = "archive"
  applications = ["rbd"]
}

resource "ceph_rbd_image" "archive" {
  for_each  = var.guests
  cluster   = "west"
  pool      = ceph_pool.images.name
  name      = each.key
  size      = each.value
  data_pool = ceph_pool.data.name
}

resource "ceph_user" "archive" {
  cluster = "west"
  name    = "archive"
  caps = provider::ceph::rbd_caps({
    pools      = [ceph_pool.images.name]
    data_pools = [ceph_pool.data.name]
  })
}

resource "libvirt_ceph_secret" "archive" {
  provider   = ceph
  hypervisor = "kvm1"
  usage_name = "client.archive@${ceph_user.archive.fsid}"
  key        = ceph_user.archive.key
}

resource "libvirt_rbd_disk" "archive" {
  provider    = ceph
  for_each    = var.guests
  hypervisor  = "kvm1"
  domain      = each.key
  cluster     = "west"
  pool        = ceph_rbd_image.archive[each.key].pool
  image       = ceph_rbd_image.archive[each.key].name
  size        = ceph_rbd_image.archive[each.key].size
  user        = ceph_user.archive.name
  secret_uuid = libvirt_ceph_secret.archive.uuid
  target_dev  = var.target_dev
}
