# What is there, and what of it is to be adopted. Nothing here changes anything, and no key gets into the state.

data "ceph_pools" "found" {
  for_each = var.clusters
  cluster  = each.key
}

data "ceph_users" "found" {
  for_each = var.clusters
  cluster  = each.key
}

data "ceph_rbd_images" "found" {
  for_each = var.clusters
  cluster  = each.key
}

data "libvirt_ceph_secrets" "found" {
  provider   = ceph
  for_each   = var.hypervisors
  hypervisor = each.key
}

data "libvirt_domains" "found" {
  provider   = ceph
  for_each   = var.hypervisors
  hypervisor = each.key
}

locals {
  # The users that Ceph and cephadm make for themselves and for daemons.
  daemons = join("|", [
    "^admin$", "^bootstrap-", "^osd-lockbox\\.", "^(crash|ceph-exporter)(\\.|$)", "^rbd-mirror([.-]|$)",
    "^(agent|cephfs-mirror|iscsi|nfs|node-proxy|nvmeof|rgw|smb)\\.",
  ])

  # Each list holds what its data sources found, by the ids under which it is imported.
  estate = {
    pools = {
      for pool in flatten([for found in data.ceph_pools.found : found.pools]) : pool.id => pool
      if contains(pool.applications, "rbd")
    }
    users = { # look at what is left of them before the apply
      for user in flatten([for found in data.ceph_users.found : found.users]) : user.id => user
      if !can(regex(local.daemons, user.name))
    }
    images  = { for image in flatten([for found in data.ceph_rbd_images.found : found.images]) : image.id => image }
    secrets = { for secret in flatten([for found in data.libvirt_ceph_secrets.found : found.secrets]) : secret.id => secret }
    disks = { # a disk without an id is not on RBD, or has no user and secret
      for disk in flatten([for found in data.libvirt_domains.found : found.domains[*].disks]) : disk.id => disk
      if disk.id != null
    }
  }
}

import {
  for_each = local.estate.pools
  to       = ceph_pool.adopted[each.key]
  id       = each.key
}

import {
  for_each = local.estate.users
  to       = ceph_user.adopted[each.key]
  id       = each.key
}

import {
  for_each = local.estate.images
  to       = ceph_rbd_image.adopted[each.key]
  id       = each.key
}

import {
  provider = ceph
  for_each = local.estate.secrets
  to       = libvirt_ceph_secret.adopted[each.key]
  id       = each.key
}

import {
  provider = ceph
  for_each = local.estate.disks
  to       = libvirt_rbd_disk.adopted[each.key]
  id       = each.key
}

output "estate" {
  description = "What was found, for the file from which the configuration is read later."
  value       = local.estate
}
