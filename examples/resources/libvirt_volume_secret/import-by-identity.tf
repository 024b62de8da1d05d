import {
  provider = ceph
  to       = libvirt_volume_secret.data
  identity = {
    hypervisor = "kvm1"
    uuid       = "4a085c23-2177-242d-7661-c785df7f6230"
  }
}
