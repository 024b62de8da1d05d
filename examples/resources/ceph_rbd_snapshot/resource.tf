resource "ceph_pool" "vms" {
  cluster      = "east"
  name         = "vms"
  applications = ["rbd"]
}

resource "ceph_rbd_image" "data" {
  cluster = "east"
  pool    = ceph_pool.vms.name
  name    = "data"
  size    = "30GiB"
}

resource "ceph_rbd_snapshot" "before_upgrade" {
  cluster = "east"
  pool    = ceph_rbd_image.data.pool
  image   = ceph_rbd_image.data.name
  name    = "before-upgrade"
}
