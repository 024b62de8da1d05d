# The provider block of all measurements.

terraform {
  required_providers {
    ceph = { source = "ceph-libvirt/ceph" }
  }
}

variable "mon_host" {
  type = string
}

variable "key" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "n" {
  type = number
}

provider "ceph" {
  clusters = {
    east = { mon_host = var.mon_host, user = "bench", key = var.key }
  }
}
