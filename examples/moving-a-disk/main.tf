# The disk of a guest that moves from one Ceph cluster to another while the guest runs.

terraform {
  required_version = ">= 1.10" # for the ephemeral variable; OpenTofu: 1.11
  required_providers {
    ceph = {
      source = "ceph-libvirt/ceph"
    }
  }
}

provider "ceph" {
  clusters = {
    for label, cluster in var.clusters : label => {
      mon_host = cluster.mon_host
      key      = var.admin_keys[label]
    }
  }
  hypervisors = {
    kvm1 = { uri = var.hypervisor_uri }
  }
}

# What each cluster has, and stays where it is: the pool, its user, and the user's key on the hypervisor.

resource "ceph_pool" "guests" {
  for_each     = var.clusters
  cluster      = each.key
  name         = "guests"
  applications = ["rbd"]

  lifecycle {
    prevent_destroy = true
  }
}

resource "ceph_user" "guests" {
  for_each = var.clusters
  cluster  = each.key
  name     = "guests"
  caps     = provider::ceph::rbd_caps({ pools = [ceph_pool.guests[each.key].name] })
}

resource "libvirt_ceph_secret" "guests" {
  provider   = ceph
  for_each   = var.clusters
  hypervisor = "kvm1"
  usage_name = "client.guests@${ceph_user.guests[each.key].fsid}"
  key        = ceph_user.guests[each.key].key
}

# The images: one, and two while the disk moves.

resource "ceph_rbd_image" "data" {
  for_each = var.images_on
  cluster  = each.key
  pool     = ceph_pool.guests[each.key].name
  name     = "${var.domain}-data"
  size     = var.image_size
  trash    = { delay = "168h" } # a plain purge of the trash leaves it for a week
}

resource "libvirt_rbd_disk" "data" {
  provider         = ceph
  hypervisor       = "kvm1"
  domain           = var.domain
  cluster          = var.lives_on
  pool             = ceph_rbd_image.data[var.lives_on].pool
  image            = ceph_rbd_image.data[var.lives_on].name
  size             = ceph_rbd_image.data[var.lives_on].size
  user             = ceph_user.guests[var.lives_on].name
  secret_uuid      = libvirt_ceph_secret.guests[var.lives_on].uuid
  target_dev       = "vdb"
  on_source_change = "live_copy"
}
