# A user for each generation of keys. The next one is added beside the present one; a guest goes over when it is restarted;
# the former one is removed in a later apply.

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
    east = { mon_host = var.mon_host, key = var.admin_key }
  }
  hypervisors = {
    for label, uri in var.hypervisors : label => { uri = uri }
  }
}

locals {
  secrets = {
    for pair in setproduct(var.generations, keys(var.hypervisors)) :
    "${pair[0]} on ${pair[1]}" => { generation = pair[0], hypervisor = pair[1] }
  }
}

resource "ceph_user" "libvirt" {
  for_each     = var.generations
  cluster      = "east"
  name         = "libvirt-${each.key}"
  caps         = provider::ceph::rbd_caps({ pools = [var.pool] })
  key_in_state = false

  lifecycle {
    create_before_destroy = true # what is left goes only after the disks have been moved away from it
  }
}

ephemeral "ceph_user_key" "libvirt" {
  for_each = var.generations
  cluster  = "east"
  entity   = ceph_user.libvirt[each.key].entity
}

resource "libvirt_ceph_secret" "libvirt" {
  provider       = ceph
  for_each       = local.secrets
  hypervisor     = each.value.hypervisor
  usage_name     = "client.libvirt-${each.value.generation}@${ceph_user.libvirt[each.value.generation].fsid}"
  key_wo         = ephemeral.ceph_user_key.libvirt[each.value.generation].key
  key_wo_version = ceph_user.libvirt[each.value.generation].key_fingerprint

  lifecycle {
    create_before_destroy = true
  }
}

resource "libvirt_rbd_disk" "data" {
  provider    = ceph
  hypervisor  = var.hypervisor
  domain      = var.domain
  cluster     = "east"
  pool        = var.pool
  image       = var.image
  user        = ceph_user.libvirt[var.generation].name
  secret_uuid = libvirt_ceph_secret.libvirt["${var.generation} on ${var.hypervisor}"].uuid
  target_dev  = "vdb"
}

# Who still uses which generation.
data "ceph_user" "libvirt" {
  for_each = var.generations
  cluster  = "east"
  name     = ceph_user.libvirt[each.key].name
}

output "clients" {
  description = "Connected clients by generation. A generation without any can be removed."
  value       = { for generation, user in data.ceph_user.libvirt : generation => user.clients }
}
