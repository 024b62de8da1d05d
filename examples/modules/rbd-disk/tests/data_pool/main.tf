# A pool for the data of images, on one cluster. The tenant of the test may write it on both.

terraform {
  required_providers {
    ceph = {
      source = "ceph-libvirt/ceph"
    }
  }
}

resource "ceph_pool" "data" {
  cluster      = "west"
  name         = "disk-test-data"
  applications = ["rbd"]
}

output "name" {
  description = "Name of the pool."
  value       = ceph_pool.data.name
}
