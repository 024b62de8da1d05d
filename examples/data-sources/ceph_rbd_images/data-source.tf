# The images of a pool, of all its namespaces.
data "ceph_rbd_images" "vms" {
  cluster = "east"
  pool    = "vms"
}

output "vms_images" {
  value = { for image in data.ceph_rbd_images.vms.images : image.id => image.size }
}
