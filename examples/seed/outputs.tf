output "secret_uuids" {
  description = "The libvirt secrets that hold the keys."
  value       = [libvirt_ceph_secret.admin.uuid, libvirt_ceph_secret.libvirt.uuid]
}
