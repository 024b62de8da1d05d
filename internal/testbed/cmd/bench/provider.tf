# The provider block of what needs a cluster.

provider "ceph" {
  clusters = {
    east = { mon_host = var.mon_host, user = var.user, key = var.key }
  }
}
