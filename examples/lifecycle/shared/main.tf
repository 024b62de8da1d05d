# What a team shares. The image and the disk leave this state, and stay as they are.

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
    east = { mon_host = var.mon_host, key = var.admin_key }
  }
  hypervisors = {
    for label, uri in var.hypervisors : label => { uri = uri }
  }
}

resource "ceph_pool" "web" {
  cluster      = "east"
  name         = "web"
  applications = ["rbd"]

  lifecycle {
    prevent_destroy = true # whatever a plan asks for
  }
}

resource "ceph_user" "web" {
  cluster      = "east"
  name         = "web-${var.generation}" # the next one can exist beside it
  caps         = provider::ceph::rbd_caps({ pools = [ceph_pool.web.name] })
  key_in_state = false
}

ephemeral "ceph_user_key" "web" {
  cluster = "east"
  entity  = ceph_user.web.entity
}

resource "libvirt_ceph_secret" "web" {
  provider       = ceph
  for_each       = var.hypervisors
  hypervisor     = each.key
  usage_name     = "client.web-${var.generation}@${ceph_user.web.fsid}"
  key_wo         = ephemeral.ceph_user_key.web.key
  key_wo_version = ceph_user.web.key_fingerprint

  lifecycle {
    create_before_destroy = true # and so the user, on which it depends
  }
}

removed {
  from = ceph_rbd_image.data
  lifecycle {
    destroy = false
  }
}

removed {
  from = libvirt_rbd_disk.data
  lifecycle {
    destroy = false
  }
}
