import {
  to = ceph_user.libvirt
  id = "east/libvirt"
}
