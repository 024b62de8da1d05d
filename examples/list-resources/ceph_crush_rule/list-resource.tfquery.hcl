# The CRUSH rules whose names begin with "by-".
list "ceph_crush_rule" "by" {
  provider = ceph

  config {
    cluster      = "east"
    name_pattern = "by-*"
  }
}
