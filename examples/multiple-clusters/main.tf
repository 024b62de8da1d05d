# A disk from each of several Ceph clusters for one guest. The clusters may have the same pool and user names.

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
    for label, mon_host in var.clusters : label => {
      mon_host = mon_host
      key      = var.admin_keys[label]
    }
  }
  hypervisors = {
    kvm1 = { uri = var.hypervisor_uri }
  }
}

resource "ceph_pool" "vms" {
  for_each      = var.disks
  cluster       = each.key
  name          = "libvirt-pool"
  applications  = ["rbd"]
  force_destroy = var.force_destroy
}

resource "ceph_rbd_image" "data" {
  for_each      = var.disks
  cluster       = each.key
  pool          = ceph_pool.vms[each.key].name
  name          = "librbd"
  size          = var.image_size
  force_destroy = var.force_destroy
}

resource "ceph_user" "libvirt" {
  for_each = var.disks
  cluster  = each.key
  name     = "libvirt"
  caps = {
    mon = "profile rbd"
    osd = "profile rbd pool=${ceph_pool.vms[each.key].name}"
    mgr = "profile rbd pool=${ceph_pool.vms[each.key].name}"
  }
}

resource "libvirt_ceph_secret" "libvirt" {
  provider   = ceph
  for_each   = var.disks
  hypervisor = "kvm1"
  usage_name = "client.libvirt@${ceph_user.libvirt[each.key].fsid}"
  key        = ceph_user.libvirt[each.key].key
}

resource "libvirt_rbd_disk" "data" {
  provider    = ceph
  for_each    = var.disks
  hypervisor  = "kvm1"
  domain      = var.domain
  cluster     = each.key
  pool        = ceph_rbd_image.data[each.key].pool
  image       = ceph_rbd_image.data[each.key].name
  size        = ceph_rbd_image.data[each.key].size # growth reaches the guest in the same apply
  user        = ceph_user.libvirt[each.key].name
  secret_uuid = libvirt_ceph_secret.libvirt[each.key].uuid
  target_dev  = each.value
}
