resource "ceph_pool" "images" {
  for_each     = toset(["vms", "golden"])
  cluster      = "east"
  name         = each.key
  applications = ["rbd"]
}

# Guests of the pool vms, some of them clones of images in the pool golden.
resource "ceph_user" "guests" {
  cluster = "east"
  name    = "guests"
  caps = provider::ceph::rbd_caps({
    pools           = [ceph_pool.images["vms"].name]
    read_only_pools = [ceph_pool.images["golden"].name]
  })
}

# One tenant, in a namespace of its own.
resource "ceph_user" "tenant" {
  cluster = "east"
  name    = "tenant"
  caps = provider::ceph::rbd_caps({
    namespaces = { vms = ["tenant-a"] }
  })
}

# A backup that exports every image and can't change any.
resource "ceph_user" "backup" {
  cluster = "east"
  name    = "backup"
  caps    = provider::ceph::rbd_caps({ read_only_pools = keys(ceph_pool.images) })
}
