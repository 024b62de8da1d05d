import {
  to = ceph_rbd_snapshot.before_upgrade
  id = "east/vms/data@before-upgrade"
}
