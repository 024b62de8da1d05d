# A pool that exists already: how much it holds, and how much it can still take.
data "ceph_pool" "vms" {
  cluster = "east"
  name    = "vms"
}

output "vms_free_bytes" {
  value = data.ceph_pool.vms.max_avail_bytes
}
