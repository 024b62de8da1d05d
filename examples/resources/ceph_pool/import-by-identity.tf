import {
  to = ceph_pool.vms
  identity = {
    cluster = "east"
    name    = "vms"
  }
}
