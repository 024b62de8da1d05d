resource "ceph_pool" "templates" {
  cluster      = "east"
  name         = "templates"
  applications = ["rbd"]
}

resource "ceph_rbd_image" "debian" {
  cluster = "east"
  pool    = ceph_pool.templates.name
  name    = "debian"
  size    = "10GiB"
}

resource "ceph_rbd_snapshot" "debian" {
  cluster   = "east"
  pool      = ceph_rbd_image.debian.pool
  image     = ceph_rbd_image.debian.name
  name      = "2026-11"
  protected = true
}

# Two images that begin with the content of the snapshot, at once and without a copy.
resource "ceph_rbd_image" "web" {
  for_each = toset(["web1", "web2"])
  cluster  = "east"
  pool     = ceph_pool.vms.name
  name     = each.key
  size     = "30GiB" # without it, the parent's

  parent = {
    pool     = ceph_rbd_snapshot.debian.pool
    image    = ceph_rbd_snapshot.debian.image
    snapshot = ceph_rbd_snapshot.debian.name
  }
}
