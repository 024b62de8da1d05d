import {
  to = ceph_crush_rule.fast
  identity = {
    cluster = "east"
    name    = "fast"
  }
}
