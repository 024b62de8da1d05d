# The volume secrets of a host for the images of one pool.
list "libvirt_volume_secret" "vms" {
  provider = ceph

  config {
    hypervisor   = "kvm1"
    name_pattern = "east/vms/*"
  }
}
