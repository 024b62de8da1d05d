resource "ceph_pool" "shared" {
  cluster      = "east"
  name         = "shared"
  applications = ["rbd"]
}

# Tenants share a pool. Each has a namespace, a user that sees nothing beyond it, and images with names of its own.
resource "ceph_rbd_namespace" "tenant" {
  for_each = toset(["team-a", "team-b"])
  cluster  = "east"
  pool     = ceph_pool.shared.name
  name     = each.key

  timeouts = {
    delete = "10m"
  }
}

resource "ceph_user" "tenant" {
  for_each = ceph_rbd_namespace.tenant
  cluster  = "east"
  name     = each.key
  caps     = provider::ceph::rbd_caps({ namespaces = { (each.value.pool) = [each.value.name] } })
}

resource "ceph_rbd_image" "data" {
  for_each  = ceph_rbd_namespace.tenant
  cluster   = "east"
  pool      = each.value.pool
  namespace = each.value.name # so that the namespace is made before its image, and removed after it
  name      = "data"
  size      = "10GiB"
}
