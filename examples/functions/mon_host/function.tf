data "ceph_cluster" "east" {
  cluster = "east"
}

# A small ceph.conf for a client of the cluster.
output "ceph_conf" {
  value = <<-EOT
    [global]
    fsid = ${data.ceph_cluster.east.fsid}
    mon_host = ${provider::ceph::mon_host(data.ceph_cluster.east.monitors)}
  EOT
}
