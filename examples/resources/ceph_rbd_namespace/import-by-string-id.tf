import {
  to = ceph_rbd_namespace.team_a
  id = "east/vms/team-a"
}
