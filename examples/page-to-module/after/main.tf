# The same objects, by the modules of this repository. The moved blocks tell where each resource has gone, so that none is made anew.

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

module "web" {
  source      = "../../modules/rbd-tenant"
  name        = "web"
  clusters    = ["east"]
  hypervisors = keys(var.hypervisors)
}

module "data" {
  source     = "../../modules/rbd-disk"
  access     = module.web.access["east"]
  hypervisor = "kvm1"
  domain     = "web1"
  image      = "web1-data"
  size       = "1GiB"
  target_dev = "vdb"
}

moved {
  from = ceph_pool.web
  to   = module.web.ceph_pool.tenant["east"]
}

moved {
  from = ceph_user.web
  to   = module.web.ceph_user.tenant["east"]
}

# One for each hypervisor.
moved {
  from = libvirt_ceph_secret.web["kvm1"]
  to   = module.web.libvirt_ceph_secret.tenant["east on kvm1"]
}

moved {
  from = libvirt_ceph_secret.web["kvm2"]
  to   = module.web.libvirt_ceph_secret.tenant["east on kvm2"]
}

moved {
  from = ceph_rbd_image.data
  to   = module.data.ceph_rbd_image.disk
}

moved {
  from = libvirt_rbd_disk.data
  to   = module.data.libvirt_rbd_disk.disk
}
