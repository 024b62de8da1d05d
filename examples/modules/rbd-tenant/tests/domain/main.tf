# What a hypervisor says that a domain has.

terraform {
  required_providers {
    ceph = {
      source = "ceph-libvirt/ceph"
    }
  }
}

variable "hypervisor" {
  description = "Label of the hypervisor that the domain is on."
  type        = string
}

variable "domain" {
  description = "Name of the domain."
  type        = string
}

data "libvirt_domain" "domain" {
  provider   = ceph
  hypervisor = var.hypervisor
  name       = var.domain
}

output "users" {
  description = "The user that opens the image of each disk on RBD, by the disk's source."
  value       = { for disk in data.libvirt_domain.domain.disks : disk.source => disk.user if disk.source_type == "rbd" }
}
