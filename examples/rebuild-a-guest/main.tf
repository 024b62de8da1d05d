# The disks of a guest that something else defines. The pool, the user and its secrets are there already.

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

data "ceph_user" "web" {
  cluster = "east"
  name    = var.user
}

data "libvirt_ceph_secret" "web" {
  provider   = ceph
  hypervisor = var.hypervisor
  usage_name = "client.${var.user}@${data.ceph_user.web.fsid}"
}

resource "ceph_rbd_image" "web1" {
  for_each = var.disks
  cluster  = "east"
  pool     = var.pool
  name     = "web1-${each.key}"
  size     = each.value.size

  lifecycle {
    prevent_destroy = true # the guest comes and goes, its data stays
  }
}

resource "libvirt_rbd_disk" "web1" {
  provider    = ceph
  for_each    = var.disks
  hypervisor  = var.hypervisor
  domain      = "web1" # its name, not its UUID: the next domain of this name gets the disks
  cluster     = "east"
  pool        = ceph_rbd_image.web1[each.key].pool
  image       = ceph_rbd_image.web1[each.key].name
  size        = ceph_rbd_image.web1[each.key].size
  user        = var.user
  secret_uuid = data.libvirt_ceph_secret.web.uuid
  target_dev  = each.value.target_dev
  serial      = each.key # /dev/disk/by-id/virtio-data in the guest, whatever the order
}
