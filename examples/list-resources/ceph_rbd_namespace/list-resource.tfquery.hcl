# The namespaces of a pool whose names begin with "team-".
list "ceph_rbd_namespace" "teams" {
  provider = ceph

  config {
    cluster      = "east"
    pool         = "vms"
    name_pattern = "team-*"
  }
}
