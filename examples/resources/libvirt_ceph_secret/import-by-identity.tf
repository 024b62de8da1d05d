import {
  provider = ceph
  to       = libvirt_ceph_secret.libvirt
  identity = {
    hypervisor = "kvm1"
    uuid       = "77085c23-2177-242d-7661-c785df7f6230"
  }
}
