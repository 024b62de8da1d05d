# Pools with most of what can be set.

resource "ceph_pool" "made" {
  count                      = var.n
  name                       = "made-${count.index}"
  pg_num                     = 8
  pg_autoscale_mode          = "off"
  pg_num_min                 = 4
  min_size                   = 1
  target_size_ratio          = 0.1
  quota_max_bytes            = "1GiB"
  quota_max_objects          = 1000
  compression_mode           = "passive"
  compression_algorithm      = "snappy"
  compression_required_ratio = 0.8
  applications               = ["rbd"]
}
