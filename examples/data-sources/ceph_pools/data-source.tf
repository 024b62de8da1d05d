# The pools of a cluster that begin with "vm", each with what a ceph_pool of it would say.
data "ceph_pools" "vms" {
  cluster      = "east"
  name_pattern = "vm*"
}

output "vms_pools" {
  value = data.ceph_pools.vms.pools[*].id
}
