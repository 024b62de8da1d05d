import {
  to = ceph_crush_rule.fast
  id = "east/fast"
}
