# A secret that somebody else defined on the host, found by its usage name.
data "libvirt_ceph_secret" "libvirt" {
  provider   = ceph
  hypervisor = "kvm1"
  usage_name = "client.libvirt secret"
}

output "libvirt_secret_uuid" {
  value = data.libvirt_ceph_secret.libvirt.uuid
}
