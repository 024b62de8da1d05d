import {
  to = ceph_pool.vms
  id = "east/vms"
}
