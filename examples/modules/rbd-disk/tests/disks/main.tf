# Any number of disks for one domain. The tests of both modules add disks to it and take them away.

terraform {
  required_providers {
    ceph = {
      source = "ceph-libvirt/ceph"
    }
  }
}

variable "access" {
  description = "The output access of the module rbd-tenant."
  type        = any
}

variable "hypervisor" {
  description = "Label of the hypervisor that the domain is on."
  type        = string
}

variable "domain" {
  description = "Name of the domain."
  type        = string
}

variable "disks" {
  description = "The disks by the name of their image."
  type        = map(object({ cluster = string, target_dev = string }))
}

module "disk" {
  source     = "../.."
  for_each   = var.disks
  access     = var.access[each.value.cluster]
  hypervisor = var.hypervisor
  domain     = var.domain
  image      = each.key
  size       = "16MiB"
  target_dev = each.value.target_dev
}

output "images" {
  description = "The image of each disk."
  value       = { for name, disk in module.disk : name => disk.image }
}

output "disks" {
  description = "Each disk in the domain."
  value       = { for name, disk in module.disk : name => disk.disk }
}
