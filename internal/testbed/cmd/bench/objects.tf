# Half users, half images. They aren't related, so that the refresh is as parallel as Terraform makes it.

resource "ceph_pool" "vms" {
  name         = "vms"
  applications = ["rbd"]
}

resource "ceph_user" "many" {
  count = var.n / 2
  name  = "user-${count.index}"
  caps = {
    mon = "profile rbd"
    osd = "profile rbd pool=vms"
  }
}

resource "ceph_rbd_image" "many" {
  count = var.n / 2
  pool  = ceph_pool.vms.name
  name  = "image-${count.index}"
  size  = "1GiB"
}
