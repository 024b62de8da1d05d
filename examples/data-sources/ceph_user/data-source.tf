# A user that exists already. Its key is read only when asked for, and is in the state then.
data "ceph_user" "admin" {
  cluster     = "east"
  name        = "admin"
  include_key = true
}

resource "libvirt_ceph_secret" "admin" {
  provider   = ceph
  hypervisor = "kvm1"
  usage_name = "client.admin@${data.ceph_user.admin.fsid}"
  key        = data.ceph_user.admin.key
}
