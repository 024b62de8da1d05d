# The images of a pool, of all its namespaces: up to a thousand of them. Terraform's own limit is 100.
list "ceph_rbd_image" "vms" {
  provider = ceph
  limit    = 1000

  config {
    cluster = "east"
    pool    = "vms"
  }
}
