# A disk whose image begins as a clone of a template in the same pool.

terraform {
  required_providers {
    ceph = {
      source = "ceph-libvirt/ceph"
    }
  }
}

variable "access" {
  description = "One entry of the output access of the module rbd-tenant."
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

resource "ceph_rbd_image" "template" {
  cluster = var.access.cluster
  pool    = var.access.pool
  name    = "template"
  size    = "8MiB"
}

resource "ceph_rbd_snapshot" "template" {
  cluster   = ceph_rbd_image.template.cluster
  pool      = ceph_rbd_image.template.pool
  image     = ceph_rbd_image.template.name
  name      = "base"
  protected = true
}

# The size of this one is its own, that of the other one the template's.
module "disk" {
  source     = "../.."
  access     = var.access
  hypervisor = var.hypervisor
  domain     = var.domain
  image      = "cloned"
  size       = "16MiB"
  target_dev = "vde"
  parent = {
    pool     = ceph_rbd_snapshot.template.pool
    image    = ceph_rbd_snapshot.template.image
    snapshot = ceph_rbd_snapshot.template.name
  }
}

module "same_size" {
  source     = "../.."
  access     = var.access
  hypervisor = var.hypervisor
  domain     = var.domain
  image      = "same-size"
  target_dev = "vdf"
  parent = {
    pool     = ceph_rbd_snapshot.template.pool
    image    = ceph_rbd_snapshot.template.image
    snapshot = ceph_rbd_snapshot.template.name
  }
}

data "ceph_rbd_image" "cloned" {
  cluster    = module.disk.image.cluster
  pool       = module.disk.image.pool
  name       = module.disk.image.name
  depends_on = [module.disk]
}

output "parent" {
  description = "The parent of the disk's image, as the cluster tells it."
  value       = data.ceph_rbd_image.cloned.parent
}

output "sizes" {
  description = "The size of each disk's image."
  value       = [module.disk.image.size_bytes, module.same_size.image.size_bytes]
}
