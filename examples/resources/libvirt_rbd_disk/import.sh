# HYPERVISOR/DOMAIN/TARGET, the domain by name or UUID.
terraform import libvirt_rbd_disk.data kvm1/centos80/vdb
