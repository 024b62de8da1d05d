# The ceph secrets of a host whose usage names begin with "client.".
list "libvirt_ceph_secret" "clients" {
  provider = ceph

  config {
    hypervisor   = "kvm1"
    name_pattern = "client.*"
  }
}
