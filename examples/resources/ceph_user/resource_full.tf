# A user whose key does not stand in the state, with its permissions narrowed to one namespace of a pool.
resource "ceph_user" "tenant" {
  cluster = "east"
  name    = "tenant-a"
  caps = provider::ceph::rbd_caps({
    namespaces = { vms = ["tenant-a"] }
  })
  key_in_state = false

  timeouts = {
    create = "1m"
    delete = "1m"
  }
}
