# What one guest has, in a state of its own. What the team shares is found by its name, and not touched.

terraform {
  required_version = ">= 1.10" # for ephemeral variables; OpenTofu: 1.11
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

data "ceph_pool" "web" {
  cluster = "east"
  name    = "web"
}

data "ceph_user" "web" {
  cluster = "east"
  name    = "web-${var.generation}"
}

data "libvirt_ceph_secret" "web" {
  provider   = ceph
  hypervisor = "kvm1"
  usage_name = "client.${data.ceph_user.web.name}@${data.ceph_user.web.fsid}"
}

resource "ceph_rbd_image" "data" {
  cluster = "east"
  pool    = data.ceph_pool.web.name
  name    = "web1-data"
  size    = "1GiB"

  lifecycle {
    prevent_destroy = true
  }
}

resource "libvirt_rbd_disk" "data" {
  provider    = ceph
  hypervisor  = "kvm1"
  domain      = "web1"
  cluster     = "east"
  pool        = ceph_rbd_image.data.pool
  image       = ceph_rbd_image.data.name
  size        = ceph_rbd_image.data.size
  user        = data.ceph_user.web.name
  secret_uuid = data.libvirt_ceph_secret.web.uuid
  target_dev  = "vdb"
}
