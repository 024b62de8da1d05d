# Four chunks of data and two of parity, each on another host: two hosts can be lost, and a byte of data takes one and a half.
resource "ceph_erasure_code_profile" "archive" {
  cluster = "east"
  name    = "archive"
  k       = 4
  m       = 2
}
