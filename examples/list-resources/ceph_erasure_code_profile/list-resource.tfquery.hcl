# The profiles whose names begin with "archive".
list "ceph_erasure_code_profile" "archives" {
  provider = ceph

  config {
    cluster      = "east"
    name_pattern = "archive*"
  }
}
