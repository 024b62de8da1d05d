# The manual procedure, line by line: two clusters, a disk that client.admin opens and one that client.libvirt opens,
# both secrets with UUIDs of your choice, both disks at fixed PCI slots.

terraform {
  required_version = ">= 1.10" # for the ephemeral variables; OpenTofu: 1.11
  required_providers {
    ceph = {
      source = "ceph-libvirt/ceph"
    }
  }
}

provider "ceph" {
  clusters = {
    first  = { mon_host = var.first.mon_host, key = var.first_admin_key }
    second = { mon_host = var.second.mon_host, key = var.second_admin_key }
  }
  hypervisors = {
    kvm1 = { uri = var.hypervisor_uri }
  }
}

# ceph osd pool create rbd; ceph osd pool application enable rbd rbd; rbd pool init rbd
resource "ceph_pool" "rbd" {
  cluster       = "first"
  name          = "rbd"
  applications  = ["rbd"]
  force_destroy = var.force_destroy
}

# rbd create librbda --size 30720 --pool rbd
resource "ceph_rbd_image" "librbda" {
  cluster       = "first"
  pool          = ceph_pool.rbd.name
  name          = "librbda"
  size          = "30720M"
  force_destroy = var.force_destroy
}

# ceph osd pool create libvirt-pool 128 128, and so on
resource "ceph_pool" "libvirt" {
  cluster       = "second"
  name          = "libvirt-pool"
  pg_num        = var.pg_num
  applications  = ["rbd"]
  force_destroy = var.force_destroy
}

# rbd create librbd --size 30720 --pool libvirt-pool
resource "ceph_rbd_image" "librbd" {
  cluster       = "second"
  pool          = ceph_pool.libvirt.name
  name          = "librbd"
  size          = "30720M"
  force_destroy = var.force_destroy
}

# ceph auth get-key client.admin
data "ceph_user" "admin" {
  cluster     = "first"
  name        = "admin"
  include_key = true
}

# ceph auth get-or-create client.libvirt mon 'allow *' osd 'allow *' mgr 'allow *'
# The procedure gives away the whole cluster; "profile rbd" for the pool is enough, as in examples/multiple-clusters.
resource "ceph_user" "libvirt" {
  cluster = "second"
  name    = "libvirt"
  caps = {
    mon = "allow *"
    osd = "allow *"
    mgr = "allow *"
  }
}

# virsh secret-define, virsh secret-set-value
resource "libvirt_ceph_secret" "admin" {
  provider   = ceph
  hypervisor = "kvm1"
  uuid       = "77085c23-2177-242d-7661-c785df7f6230"
  usage_name = "client.admin secret"
  key        = data.ceph_user.admin.key
}

resource "libvirt_ceph_secret" "libvirt" {
  provider   = ceph
  hypervisor = "kvm1"
  uuid       = "88085c23-2177-242d-7661-c785df7f6230"
  usage_name = "client.libvirt secret"
  key        = ceph_user.libvirt.key
}

# virsh edit
resource "libvirt_rbd_disk" "librbda" {
  provider    = ceph
  hypervisor  = "kvm1"
  domain      = var.domain
  cluster     = "first"
  monitors    = var.first.monitors
  pool        = ceph_rbd_image.librbda.pool
  image       = ceph_rbd_image.librbda.name
  user        = data.ceph_user.admin.name
  secret_uuid = libvirt_ceph_secret.admin.uuid
  target_dev  = "vdb"
  cache       = "none"
  address = {
    type     = "pci"
    domain   = "0x0000"
    bus      = "0x00"
    slot     = "0x12"
    function = "0x0"
  }
}

resource "libvirt_rbd_disk" "librbd" {
  provider    = ceph
  hypervisor  = "kvm1"
  domain      = var.domain
  cluster     = "second"
  monitors    = var.second.monitors
  pool        = ceph_rbd_image.librbd.pool
  image       = ceph_rbd_image.librbd.name
  user        = ceph_user.libvirt.name
  secret_uuid = libvirt_ceph_secret.libvirt.uuid
  target_dev  = "vdc"
  cache       = "none"
  address = {
    type     = "pci"
    domain   = "0x0000"
    bus      = "0x00"
    slot     = "0x13"
    function = "0x0"
  }
}
