resource "ceph_user" "libvirt" {
  cluster = "east"
  name    = "libvirt"
  caps    = provider::ceph::rbd_caps({ pools = ["vms"] })
}

# With the fsid in its usage name, the secrets of several clusters live side by side on one host.
resource "libvirt_ceph_secret" "libvirt" {
  provider   = ceph
  hypervisor = "kvm1"
  usage_name = "client.libvirt@${ceph_user.libvirt.fsid}"
  key        = ceph_user.libvirt.key
}
