# Takes over what has left the other state. Once it has been applied, this file can go.

import {
  to = ceph_rbd_image.data
  id = "east/web/web1-data"
}

import {
  provider = ceph
  to       = libvirt_rbd_disk.data
  id       = "kvm1/web1/vdb"
}
