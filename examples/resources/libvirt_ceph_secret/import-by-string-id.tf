import {
  provider = ceph
  to       = libvirt_ceph_secret.libvirt
  id       = "kvm1/77085c23-2177-242d-7661-c785df7f6230"
}
