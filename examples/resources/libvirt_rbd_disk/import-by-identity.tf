import {
  provider = ceph
  to       = libvirt_rbd_disk.data
  identity = {
    hypervisor = "kvm1"
    domain     = "centos80"
    target_dev = "vdb"
  }
}
