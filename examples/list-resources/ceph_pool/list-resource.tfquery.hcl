# The pools of a cluster whose names begin with "vm".
list "ceph_pool" "vms" {
  provider = ceph

  config {
    cluster      = "east"
    name_pattern = "vm*"
  }
}
