# An image that exists already, and who has it open.
data "ceph_rbd_image" "data" {
  cluster = "east"
  pool    = "vms"
  name    = "data"
}

output "data_open_by" {
  value = data.ceph_rbd_image.data.watchers[*].address
}
