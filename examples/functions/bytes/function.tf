variable "image_size" {
  description = "Size of each of twenty images."
  type        = string
  default     = "30GiB"
}

# A quota for twenty images, as a number of bytes.
output "quota_bytes" {
  value = 20 * provider::ceph::bytes(var.image_size)
}
