variable "image_size" {
  description = "Size of each of twenty images."
  type        = string
  default     = "30GiB"
}

# A pool with room for twenty of them.
resource "ceph_pool" "vms" {
  cluster         = "east"
  name            = "vms"
  applications    = ["rbd"]
  quota_max_bytes = provider::ceph::size(20 * provider::ceph::bytes(var.image_size))
}
