resource "ceph_pool" "fast" {
  cluster      = "east"
  name         = "fast"
  applications = ["rbd"]
}

# Layout, features, metadata and limits of an image. The layout (object_size, stripe_unit, stripe_count) is for life, the rest changes in place.
resource "ceph_rbd_image" "database" {
  cluster = "east"
  pool    = ceph_pool.fast.name
  name    = "database"
  size    = "100GiB"

  object_size  = "8MiB"
  stripe_unit  = "64KiB"
  stripe_count = 4

  features = ["layering", "exclusive-lock", "object-map", "fast-diff"]

  metadata = {
    owner = "team-a"
  }
  config = {
    rbd_qos_iops_limit = "2000"
  }

  allow_shrink  = false
  force_destroy = false # the image is deleted only while nothing is in it

  timeouts = {
    delete = "30m"
  }
}
