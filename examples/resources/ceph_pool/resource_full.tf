variable "copies" {
  description = "How often the pool archive keeps its data, each time on another OSD."
  type        = number
  default     = 3
}

# Every setting that matters for a pool of disk images. All but cluster and type can be changed later, in place.
resource "ceph_pool" "archive" {
  cluster = "east"
  name    = "archive"
  type    = "replicated"

  size       = var.copies
  min_size   = max(1, var.copies - 1) # with fewer there, reads and writes wait
  crush_rule = "replicated_rule"

  pg_num            = 8 # where a new pool begins
  pg_autoscale_mode = "warn"
  pg_num_min        = 4
  target_size_bytes = "500GiB"

  quota_max_bytes   = "1TiB"
  quota_max_objects = 1000000

  compression_mode           = "aggressive"
  compression_algorithm      = "zstd"
  compression_required_ratio = 0.8
  compression_min_blob_size  = "8KiB"
  compression_max_blob_size  = "64KiB"

  applications = ["rbd"]
  config = {
    rbd_qos_iops_limit = "500" # for each image that has no limit of its own
  }
  nodelete = false

  timeouts = {
    create = "5m"
  }
}
