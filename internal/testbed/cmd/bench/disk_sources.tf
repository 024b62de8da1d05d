# What the disks of disks.tf are made of.

resource "ceph_pool" "disks" {
  cluster      = "east"
  name         = "disks"
  applications = ["rbd"]
}

resource "ceph_rbd_image" "disks" {
  count   = var.n
  cluster = "east"
  pool    = ceph_pool.disks.name
  name    = "disk-${count.index}"
  size    = "64MiB"
}

resource "ceph_user" "disks" {
  cluster = "east"
  name    = "disks"
  caps = {
    mon = "profile rbd"
    osd = "profile rbd pool=disks"
    mgr = "profile rbd pool=disks"
  }
}

resource "libvirt_ceph_secret" "disks" {
  provider   = ceph
  hypervisor = "kvm1"
  usage_name = "client.disks"
  uuid       = "77085c23-2177-4420-a661-c785df7f6230"
  key        = ceph_user.disks.key
}
