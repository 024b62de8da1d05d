variable "failure_domain" {
  description = "Kind of bucket that never holds two copies, such as host or rack."
  type        = string
  default     = "host"
}

# Copies on OSDs of the class ssd, on different hosts.
resource "ceph_crush_rule" "fast" {
  cluster        = "east"
  name           = "fast"
  failure_domain = var.failure_domain
  device_class   = "ssd"
}

resource "ceph_pool" "fast" {
  cluster      = "east"
  name         = "fast"
  crush_rule   = ceph_crush_rule.fast.name
  applications = ["rbd"]
}
