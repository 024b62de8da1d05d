# Guests whose disks begin as clones of a template. The pool of the templates and the template images are there already.

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
    east = { mon_host = var.mon_host, key = var.admin_key }
  }
  hypervisors = {
    for label, uri in var.hypervisors : label => { uri = uri }
  }
}

# What a template has now, for good. Protected, for clusters that make clones of format 1.
resource "ceph_rbd_snapshot" "base" {
  for_each  = var.templates
  cluster   = "east"
  pool      = var.template_pool
  image     = each.key
  name      = "base"
  protected = true
}

resource "ceph_pool" "guests" {
  cluster      = "east"
  name         = "guests"
  applications = ["rbd"]
}

resource "ceph_rbd_image" "root" {
  for_each = var.guests
  cluster  = "east"
  pool     = ceph_pool.guests.name
  name     = "${each.key}-root"
  size     = each.value.size # at least the template's

  parent = each.value.template == null ? null : {
    pool     = var.template_pool
    image    = ceph_rbd_snapshot.base[each.value.template].image
    snapshot = ceph_rbd_snapshot.base[each.value.template].name
    flatten  = each.value.flatten
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "ceph_user" "guests" {
  cluster = "east"
  name    = "guests"
  caps = provider::ceph::rbd_caps({
    pools           = [ceph_pool.guests.name]
    read_only_pools = [var.template_pool] # a clone reads there what the guest has not written
  })
}

resource "libvirt_ceph_secret" "guests" {
  provider   = ceph
  hypervisor = var.hypervisor
  usage_name = "client.guests@${ceph_user.guests.fsid}"
  key        = ceph_user.guests.key
}

resource "libvirt_rbd_disk" "root" {
  provider    = ceph
  for_each    = var.guests
  hypervisor  = var.hypervisor
  domain      = each.key
  cluster     = "east"
  pool        = ceph_rbd_image.root[each.key].pool
  image       = ceph_rbd_image.root[each.key].name
  size        = ceph_rbd_image.root[each.key].size
  user        = ceph_user.guests.name
  secret_uuid = libvirt_ceph_secret.guests.uuid
  target_dev  = var.target_dev
}
