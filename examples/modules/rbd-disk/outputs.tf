output "disk" {
  description = "The disk in its domain: `hypervisor`, `domain_uuid`, `target_dev`, and where it was found: `live`, `persistent`."
  value = {
    hypervisor  = libvirt_rbd_disk.disk.hypervisor
    domain_uuid = libvirt_rbd_disk.disk.domain_uuid
    target_dev  = libvirt_rbd_disk.disk.target_dev
    live        = libvirt_rbd_disk.disk.live
    persistent  = libvirt_rbd_disk.disk.persistent
  }
}

output "image" {
  description = "The image on its cluster: `cluster`, `fsid`, `pool`, `name`, `size_bytes`."
  value = {
    cluster    = ceph_rbd_image.disk.cluster
    fsid       = ceph_rbd_image.disk.fsid
    pool       = ceph_rbd_image.disk.pool
    name       = ceph_rbd_image.disk.name
    size_bytes = ceph_rbd_image.disk.size_bytes
  }
}
