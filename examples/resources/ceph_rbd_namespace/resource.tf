resource "ceph_pool" "vms" {
  cluster      = "east"
  name         = "vms"
  applications = ["rbd"]
}

resource "ceph_rbd_namespace" "team_a" {
  cluster = "east"
  pool    = ceph_pool.vms.name
  name    = "team-a"
}
