import {
  to = ceph_erasure_code_profile.archive
  id = "east/archive"
}
