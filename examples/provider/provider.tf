terraform {
  required_providers {
    ceph = {
      source = "ceph-libvirt/ceph"
    }
  }
}

variable "east_mon_host" {
  description = "Monitors of the cluster east, as mon_host in ceph.conf."
  type        = string
}

variable "east_admin_key" {
  description = "Key of client.admin on east: ceph auth get-key client.admin"
  type        = string
  sensitive   = true
  ephemeral   = true # kept out of the plan file too
}

variable "west_config_file" {
  description = "Path of the ceph.conf of the cluster west, on the machine that runs Terraform."
  type        = string
}

variable "west_keyring_file" {
  description = "Path of a keyring with the key of client.admin on west."
  type        = string
}

variable "kvm1_uri" {
  description = "libvirt's connection URI of the hypervisor, such as qemu+ssh://root@kvm1.example.net/system."
  type        = string
}

provider "ceph" {
  clusters = {
    east = { mon_host = var.east_mon_host, key = var.east_admin_key }
    west = { config_file = var.west_config_file, keyring_file = var.west_keyring_file }
  }
  hypervisors = {
    kvm1 = { uri = var.kvm1_uri }
  }
}
