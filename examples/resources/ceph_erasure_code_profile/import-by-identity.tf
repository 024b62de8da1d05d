import {
  to = ceph_erasure_code_profile.archive
  identity = {
    cluster = "east"
    name    = "archive"
  }
}
