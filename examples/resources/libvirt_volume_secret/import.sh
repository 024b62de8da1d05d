# HYPERVISOR/UUID, as listed by virsh secret-list.
terraform import libvirt_volume_secret.data kvm1/4a085c23-2177-242d-7661-c785df7f6230
