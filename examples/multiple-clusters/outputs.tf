output "fsids" {
  description = "Identity of each cluster."
  value       = { for label, pool in ceph_pool.vms : label => pool.fsid }
}

output "secret_uuids" {
  description = "The libvirt secrets that hold the keys, by cluster."
  value       = { for label, secret in libvirt_ceph_secret.libvirt : label => secret.uuid }
}

output "disks" {
  description = "What each cluster gave to the guest."
  value = {
    for label, disk in libvirt_rbd_disk.data : label => {
      target = disk.target_dev
      source = "${disk.pool}/${disk.image}"
      size   = disk.size
    }
  }
}
