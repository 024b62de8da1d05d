# The whole chain, user to secret to disk, without one key in the state, the plan file or a log.

terraform {
  required_version = ">= 1.11" # for write-only arguments
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
    for label, uri in var.hypervisors : label => { uri = uri }
  }
}

locals {
  # Every hypervisor to which the guest may migrate needs every secret.
  secrets = {
    for pair in setproduct(keys(var.clusters), keys(var.hypervisors)) :
    "${pair[0]} on ${pair[1]}" => { cluster = pair[0], hypervisor = pair[1] }
  }
}

resource "ceph_pool" "vms" {
  for_each      = var.clusters
  cluster       = each.key
  name          = "libvirt-pool"
  applications  = ["rbd"]
  force_destroy = var.force_destroy
}

resource "ceph_rbd_image" "data" {
  for_each      = var.clusters
  cluster       = each.key
  pool          = ceph_pool.vms[each.key].name
  name          = "librbd"
  size          = "1GiB"
  force_destroy = var.force_destroy
}

resource "ceph_user" "libvirt" {
  for_each       = var.clusters
  cluster        = each.key
  name           = "libvirt"
  caps           = provider::ceph::rbd_caps({ pools = [ceph_pool.vms[each.key].name] })
  key_in_state   = false
  key_generation = var.key_generation # raised by one: a new key, on the cluster and in every secret
}

# Reads the key in each plan and apply. It waits for a user that does not exist yet.
ephemeral "ceph_user_key" "libvirt" {
  for_each = var.clusters
  cluster  = each.key
  entity   = ceph_user.libvirt[each.key].entity
}

resource "libvirt_ceph_secret" "libvirt" {
  provider       = ceph
  for_each       = local.secrets
  hypervisor     = each.value.hypervisor
  usage_name     = "client.libvirt@${ceph_user.libvirt[each.value.cluster].fsid}"
  key_wo         = ephemeral.ceph_user_key.libvirt[each.value.cluster].key
  key_wo_version = ceph_user.libvirt[each.value.cluster].key_fingerprint
}

resource "libvirt_rbd_disk" "data" {
  provider    = ceph
  for_each    = var.clusters
  hypervisor  = var.hypervisor
  domain      = var.domain
  cluster     = each.key
  pool        = ceph_rbd_image.data[each.key].pool
  image       = ceph_rbd_image.data[each.key].name
  size        = ceph_rbd_image.data[each.key].size # growth reaches the guest in the same apply
  user        = ceph_user.libvirt[each.key].name
  secret_uuid = libvirt_ceph_secret.libvirt["${each.key} on ${var.hypervisor}"].uuid
  target_dev  = each.value.target_dev
}
