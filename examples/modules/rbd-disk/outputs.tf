output "disk" {
  description = "The disk in its domain: `hypervisor`, `domain`, `domain_uuid`, `target_dev`; where it was found: `running_on` (another hypervisor after a migration), `live`, `persistent`; whether the guest has to be started again to have it as it is saved: `pending_restart`; and whether the guest was started with other monitors than the cluster has now, which it follows by itself: `monitors_stale`."
  value = {
    hypervisor      = libvirt_rbd_disk.disk.hypervisor
    domain          = libvirt_rbd_disk.disk.domain
    domain_uuid     = libvirt_rbd_disk.disk.domain_uuid
    target_dev      = libvirt_rbd_disk.disk.target_dev
    running_on      = libvirt_rbd_disk.disk.running_on
    live            = libvirt_rbd_disk.disk.live
    persistent      = libvirt_rbd_disk.disk.persistent
    pending_restart = libvirt_rbd_disk.disk.pending_restart
    monitors_stale  = libvirt_rbd_disk.disk.monitors_stale
  }
}

output "image" {
  description = "The image on its cluster: `cluster`, `fsid`, `pool`, `name`, `image_id` (which stays when it is renamed), `size_bytes`."
  value = {
    cluster    = ceph_rbd_image.disk.cluster
    fsid       = ceph_rbd_image.disk.fsid
    pool       = ceph_rbd_image.disk.pool
    name       = ceph_rbd_image.disk.name
    image_id   = ceph_rbd_image.disk.image_id
    size_bytes = ceph_rbd_image.disk.size_bytes
  }
}
