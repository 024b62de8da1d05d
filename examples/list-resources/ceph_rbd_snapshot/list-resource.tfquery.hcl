# The snapshots of the images of a pool whose names begin with "before-".
list "ceph_rbd_snapshot" "before" {
  provider = ceph

  config {
    cluster      = "east"
    pool         = "vms"
    name_pattern = "before-*"
  }
}
