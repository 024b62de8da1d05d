# HYPERVISOR/UUID, as listed by virsh secret-list.
terraform import libvirt_ceph_secret.libvirt kvm1/77085c23-2177-242d-7661-c785df7f6230
