# A tenant on each of several clusters: a pool, a user that may open its images and do nothing else, and the user's key as a secret on
# every hypervisor. No key gets into a plan or the state.

terraform {
  required_version = ">= 1.11" # for write-only arguments
  required_providers {
    ceph = {
      source  = "ceph-libvirt/ceph"
      version = "~> 0.0" # below 1.0
    }
  }
}

locals {
  # Every hypervisor to which a guest may migrate needs every secret.
  secrets = {
    for pair in setproduct(var.clusters, var.hypervisors) :
    "${pair[0]} on ${pair[1]}" => { cluster = pair[0], hypervisor = pair[1] }
  }
}

resource "ceph_pool" "tenant" {
  for_each        = var.clusters
  cluster         = each.key
  name            = var.name
  applications    = ["rbd"]
  quota_max_bytes = var.quota_max_bytes
  force_destroy   = var.force_destroy
}

resource "ceph_user" "tenant" {
  for_each = var.clusters
  cluster  = each.key
  name     = var.name
  caps = provider::ceph::rbd_caps({
    pools           = [ceph_pool.tenant[each.key].name]
    read_only_pools = var.read_only_pools
  })
  key_in_state   = false
  key_generation = var.key_generation
}

# Reads the key in each plan and apply. It waits for a user that does not exist yet.
ephemeral "ceph_user_key" "tenant" {
  for_each = var.clusters
  cluster  = each.key
  entity   = ceph_user.tenant[each.key].entity
}

resource "libvirt_ceph_secret" "tenant" {
  provider       = ceph
  for_each       = local.secrets
  hypervisor     = each.value.hypervisor
  usage_name     = "client.${var.name}@${ceph_user.tenant[each.value.cluster].fsid}"
  key_wo         = ephemeral.ceph_user_key.tenant[each.value.cluster].key
  key_wo_version = ceph_user.tenant[each.value.cluster].key_fingerprint
}
