# What seed.sh does by hand.

locals {
  clusters = {
    east = { pool = "rbd", image = "librbda", user = "seed", target = "vdl" }
    west = { pool = "libvirt-pool", image = "librbd", user = "libvirt", target = "vdm" }
  }
}

resource "ceph_pool" "vms" {
  for_each          = local.clusters
  cluster           = each.key
  name              = each.value.pool
  pg_num            = 8
  pg_autoscale_mode = "on"
  applications      = ["rbd"]
}

resource "ceph_rbd_image" "data" {
  for_each = local.clusters
  cluster  = each.key
  pool     = ceph_pool.vms[each.key].name
  name     = each.value.image
  size     = "30GiB"
}

resource "ceph_user" "libvirt" {
  for_each = local.clusters
  cluster  = each.key
  name     = each.value.user
  caps = {
    mon = "profile rbd"
    osd = "profile rbd pool=${ceph_pool.vms[each.key].name}"
    mgr = "profile rbd pool=${ceph_pool.vms[each.key].name}"
  }
}

resource "libvirt_ceph_secret" "libvirt" {
  provider   = ceph
  for_each   = local.clusters
  hypervisor = "kvm1"
  usage_name = "${ceph_user.libvirt[each.key].entity} of ${each.key}"
  key        = ceph_user.libvirt[each.key].key
}

resource "libvirt_rbd_disk" "data" {
  provider    = ceph
  for_each    = local.clusters
  hypervisor  = "kvm1"
  domain      = "running-0"
  cluster     = each.key
  pool        = ceph_rbd_image.data[each.key].pool
  image       = ceph_rbd_image.data[each.key].name
  user        = ceph_user.libvirt[each.key].name
  secret_uuid = libvirt_ceph_secret.libvirt[each.key].uuid
  target_dev  = each.value.target
  cache       = "none"
}
