import {
  provider = ceph
  to       = libvirt_rbd_disk.data
  id       = "kvm1/centos80/vdb"
}
