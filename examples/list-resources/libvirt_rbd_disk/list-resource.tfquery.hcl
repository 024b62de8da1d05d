# The RBD disks of all domains of a host.
list "libvirt_rbd_disk" "all" {
  provider = ceph

  config {
    hypervisor = "kvm1"
  }
}

# Those of one domain, with what a libvirt_rbd_disk of each would say.
list "libvirt_rbd_disk" "centos80" {
  provider         = ceph
  include_resource = true

  config {
    hypervisor = "kvm1"
    domain     = "centos80"
  }
}
