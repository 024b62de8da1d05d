# A page of commands, each as a resource: one cluster, two hypervisors, one guest.

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

# ceph osd pool create web; ceph osd pool application enable web rbd; rbd pool init web
resource "ceph_pool" "web" {
  cluster      = "east"
  name         = "web"
  applications = ["rbd"]
}

# rbd create web/web1-data --size 1G
resource "ceph_rbd_image" "data" {
  cluster = "east"
  pool    = ceph_pool.web.name
  name    = "web1-data"
  size    = "1GiB"
}

# ceph auth get-or-create client.web mon 'profile rbd' osd 'profile rbd pool=web' mgr 'profile rbd pool=web'
resource "ceph_user" "web" {
  cluster        = "east"
  name           = "web"
  caps           = provider::ceph::rbd_caps({ pools = [ceph_pool.web.name] })
  key_in_state   = false
  key_generation = 1
}

# ceph auth get-key client.web
ephemeral "ceph_user_key" "web" {
  cluster = "east"
  entity  = ceph_user.web.entity
}

# On each hypervisor: virsh secret-define, virsh secret-set-value
resource "libvirt_ceph_secret" "web" {
  provider       = ceph
  for_each       = var.hypervisors
  hypervisor     = each.key
  usage_name     = "client.web@${ceph_user.web.fsid}"
  key_wo         = ephemeral.ceph_user_key.web.key
  key_wo_version = ceph_user.web.key_fingerprint
}

# virsh edit web1
resource "libvirt_rbd_disk" "data" {
  provider    = ceph
  hypervisor  = "kvm1"
  domain      = "web1"
  cluster     = "east"
  pool        = ceph_rbd_image.data.pool
  image       = ceph_rbd_image.data.name
  size        = ceph_rbd_image.data.size
  user        = ceph_user.web.name
  secret_uuid = libvirt_ceph_secret.web["kvm1"].uuid
  target_dev  = "vdb"
}
