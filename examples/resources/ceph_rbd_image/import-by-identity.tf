import {
  to = ceph_rbd_image.data
  identity = {
    cluster = "east"
    pool    = "vms"
    name    = "data"
  }
}
