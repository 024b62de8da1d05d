import {
  to = ceph_rbd_image.data
  id = "east/vms/data"
}
