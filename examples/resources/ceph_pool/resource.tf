# A replicated pool for disk images, with everything left to the cluster that it can decide.
resource "ceph_pool" "vms" {
  cluster      = "east"
  name         = "vms"
  applications = ["rbd"]
}
