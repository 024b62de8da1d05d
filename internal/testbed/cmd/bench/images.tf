resource "ceph_rbd_image" "many" {
  count = var.n
  pool  = "vms"
  name  = "image-${count.index}"
  size  = "1GiB"
}
