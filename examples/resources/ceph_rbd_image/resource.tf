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
