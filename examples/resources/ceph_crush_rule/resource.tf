# Copies on different OSDs of the class ssd.
resource "ceph_crush_rule" "fast" {
  cluster        = "east"
  name           = "fast"
  failure_domain = "osd" # in earnest host, the default
  device_class   = "ssd"
}

resource "ceph_pool" "fast" {
  cluster      = "east"
  name         = "fast"
  crush_rule   = ceph_crush_rule.fast.name
  applications = ["rbd"]
}
