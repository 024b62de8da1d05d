resource "ceph_user" "many" {
  count = var.n
  name  = "user-${count.index}"
  caps = {
    mon = "profile rbd"
    osd = "profile rbd"
  }
}
