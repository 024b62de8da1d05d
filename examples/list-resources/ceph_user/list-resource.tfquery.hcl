# The users of a cluster whose names begin with "libvirt", with what a ceph_user of each would say. No key is among it.
list "ceph_user" "libvirt" {
  provider         = ceph
  include_resource = true

  config {
    cluster      = "east"
    name_pattern = "libvirt*"
  }
}
