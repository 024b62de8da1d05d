# The profile that every cluster has from its start: how much raw space a byte of data takes.
data "ceph_erasure_code_profile" "default" {
  cluster = "east"
  name    = "default"
}

output "raw_per_byte" {
  value = (data.ceph_erasure_code_profile.default.k + data.ceph_erasure_code_profile.default.m) / data.ceph_erasure_code_profile.default.k
}
