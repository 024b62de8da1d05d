resource "ceph_pool" "vms" {
  name         = "vms"
  applications = ["rbd"]
}

resource "ceph_rbd_image" "many" {
  count = var.n
  pool  = ceph_pool.vms.name
  name  = "image-${count.index}"
  size  = "1GiB"
}
