data "ceph_cluster" "east" {
  cluster = "east"
}

output "east_fsid" {
  value = data.ceph_cluster.east.fsid
}
