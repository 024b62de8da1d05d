resource "ceph_pool" "images" {
  cluster      = "east"
  name         = "images"
  applications = ["rbd"]
}

resource "ceph_rbd_namespace" "team_a" {
  cluster = "east"
  pool    = ceph_pool.images.name
  name    = "team-a"
}

resource "ceph_rbd_image" "golden" {
  cluster   = "east"
  pool      = ceph_rbd_namespace.team_a.pool
  namespace = ceph_rbd_namespace.team_a.name
  name      = "golden"
  size      = "10GiB"
}

# A snapshot of each release of an image that guests are made from, protected for clones of format 1.
resource "ceph_rbd_snapshot" "release" {
  for_each  = toset(["2026-05", "2026-11"])
  cluster   = "east"
  pool      = ceph_rbd_image.golden.pool
  namespace = ceph_rbd_image.golden.namespace
  image     = ceph_rbd_image.golden.name
  name      = each.key
  protected = true

  timeouts = {
    delete = "30m"
  }
}
