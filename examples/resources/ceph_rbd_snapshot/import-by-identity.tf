import {
  to = ceph_rbd_snapshot.before_upgrade
  identity = {
    cluster = "east"
    pool    = "vms"
    image   = "data"
    name    = "before-upgrade"
  }
}
