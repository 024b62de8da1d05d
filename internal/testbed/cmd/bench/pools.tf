# Many small pools.

resource "ceph_pool" "many" {
  count             = var.n
  name              = "pool-${count.index}"
  pg_num            = 1
  pg_autoscale_mode = "off"
  applications      = ["rbd"]
}
