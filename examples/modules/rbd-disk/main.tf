# A disk of a domain that somebody else manages: an image on a cluster, attached to the saved definition and to the running guest.

terraform {
  required_version = ">= 1.11" # as the module rbd-tenant
  required_providers {
    ceph = {
      source  = "ceph-libvirt/ceph"
      version = "~> 0.0" # below 1.0
    }
  }
}

resource "ceph_rbd_image" "disk" {
  cluster       = var.access.cluster
  pool          = var.access.pool
  name          = var.image
  size          = var.size
  parent        = var.parent
  data_pool     = var.data_pool
  config        = var.image_config
  force_destroy = var.force_destroy
  trash         = var.trash
  timeouts      = try(var.timeouts.image, null)
}

resource "libvirt_rbd_disk" "disk" {
  provider    = ceph
  hypervisor  = var.hypervisor
  domain      = var.domain
  cluster     = var.access.cluster
  pool        = ceph_rbd_image.disk.pool
  image       = ceph_rbd_image.disk.name
  size        = ceph_rbd_image.disk.size # growth reaches the guest in the same apply
  user        = var.access.user
  secret_uuid = var.access.secret_uuids[var.hypervisor]
  target_dev  = var.target_dev
  bus         = var.bus
  serial      = var.serial
  boot_order  = var.boot_order
  cache       = var.cache
  discard     = var.discard
  iothread    = var.iothread
  iotune      = var.iotune
  config_file = var.config_file
  on_change   = var.on_change
  timeouts    = try(var.timeouts.disk, null)
}
