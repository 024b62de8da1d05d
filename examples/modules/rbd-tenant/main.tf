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
  user = var.user == null ? var.name : var.user

  # The user with the tenant's own name is known by its cluster alone.
  users = {
    for pair in setproduct(var.clusters, setunion([local.user], var.former_users)) :
    pair[1] == var.name ? pair[0] : "${pair[0]} as ${pair[1]}" => { cluster = pair[0], name = pair[1] }
  }
  present = { for key, user in local.users : user.cluster => key if user.name == local.user }

  # Every hypervisor to which a guest may migrate needs every secret.
  secrets = {
    for pair in setproduct(keys(local.users), var.hypervisors) :
    "${pair[0]} on ${pair[1]}" => { user = pair[0], hypervisor = pair[1] }
  }
}

resource "ceph_pool" "tenant" {
  for_each        = var.clusters
  cluster         = each.key
  name            = var.name
  applications    = ["rbd"]
  crush_rule      = var.crush_rule
  config          = var.config
  quota_max_bytes = var.quota_max_bytes
  force_destroy   = var.force_destroy
}

resource "ceph_user" "tenant" {
  for_each = local.users
  cluster  = each.value.cluster
  name     = each.value.name
  caps = provider::ceph::rbd_caps({
    pools           = [ceph_pool.tenant[each.value.cluster].name]
    data_pools      = var.data_pools
    read_only_pools = var.read_only_pools
  })
  key_in_state   = false
  key_generation = var.key_generation
  rotate_in_use  = var.rotate_in_use
}

# Reads the key in each plan and apply. It waits for a user that does not exist yet.
ephemeral "ceph_user_key" "tenant" {
  for_each = local.users
  cluster  = each.value.cluster
  entity   = ceph_user.tenant[each.key].entity
}

resource "libvirt_ceph_secret" "tenant" {
  provider       = ceph
  for_each       = local.secrets
  hypervisor     = each.value.hypervisor
  usage_name     = "client.${local.users[each.value.user].name}@${ceph_user.tenant[each.value.user].fsid}"
  key_wo         = ephemeral.ceph_user_key.tenant[each.value.user].key
  key_wo_version = ceph_user.tenant[each.value.user].key_fingerprint
}
