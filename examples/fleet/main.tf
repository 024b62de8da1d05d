# Two tenants on two clusters, and their disks in three guests on two hypervisors, by the modules of this repository.

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
    for label, mon_host in var.clusters : label => {
      mon_host = mon_host
      key      = var.admin_keys[label]
    }
  }
  hypervisors = {
    for label, uri in var.hypervisors : label => { uri = uri }
  }
}

# From outside of this repository the source of a module is
# git::https://github.com/ceph-libvirt/terraform-provider-ceph//examples/modules/rbd-tenant?ref=v0.1.0

module "tenant" {
  source       = "../modules/rbd-tenant"
  for_each     = var.tenants
  name         = each.key
  clusters     = each.value.clusters
  hypervisors  = each.value.hypervisors
  user         = each.value.user
  former_users = each.value.former_users
}

module "disk" {
  source     = "../modules/rbd-disk"
  for_each   = var.disks
  access     = module.tenant[each.value.tenant].access[each.value.cluster]
  hypervisor = each.value.hypervisor
  domain     = each.value.domain
  image      = each.value.image == null ? each.key : each.value.image
  size       = each.value.size
  target_dev = each.value.target_dev
}
