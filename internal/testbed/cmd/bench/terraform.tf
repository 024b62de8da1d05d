# What all measurements share.

terraform {
  required_providers {
    ceph = { source = "ceph-libvirt/ceph" }
  }
}

variable "mon_host" {
  type = string
}

variable "user" {
  type    = string
  default = "bench"
}

variable "key" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "n" {
  type = number
}
