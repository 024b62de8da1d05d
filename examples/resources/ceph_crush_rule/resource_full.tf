# Copies in different racks, on OSDs of every class.
resource "ceph_crush_rule" "by_rack" {
  cluster        = "east"
  name           = "by-rack"
  type           = "replicated"
  root           = "default"
  failure_domain = "rack"

  timeouts = {
    delete = "10m"
  }
}

# Chunks where an erasure code profile says. One rule serves all pools of the profile.
resource "ceph_crush_rule" "chunks" {
  cluster              = "east"
  name                 = "chunks"
  erasure_code_profile = "default"
}
