terraform {
  required_version = ">= 1.10" # for the ephemeral variable; OpenTofu: 1.11
  required_providers {
    ceph = {
      source = "ceph-libvirt/ceph"
    }
  }
}

provider "ceph" {
  clusters = {
    for label, mon_host in var.clusters : label => { mon_host = mon_host, key = var.admin_keys[label] }
  }
  hypervisors = {
    for label, uri in var.hypervisors : label => { uri = uri }
  }
}
