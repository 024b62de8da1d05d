import {
  to = ceph_user.libvirt
  identity = {
    cluster = "east"
    name    = "libvirt"
  }
}
