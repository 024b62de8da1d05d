import {
  to = ceph_rbd_namespace.team_a
  identity = {
    cluster = "east"
    pool    = "vms"
    name    = "team-a"
  }
}
