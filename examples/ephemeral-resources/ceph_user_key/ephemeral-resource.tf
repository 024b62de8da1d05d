resource "ceph_user" "libvirt" {
  cluster      = "east"
  name         = "libvirt"
  caps         = provider::ceph::rbd_caps({ pools = ["vms"] })
  key_in_state = false
}

# Read in each plan and apply, and kept nowhere. It waits for a user that does not exist yet.
ephemeral "ceph_user_key" "libvirt" {
  cluster = "east"
  entity  = ceph_user.libvirt.entity
}

resource "libvirt_ceph_secret" "libvirt" {
  provider       = ceph
  hypervisor     = "kvm1"
  usage_name     = "client.libvirt@${ceph_user.libvirt.fsid}"
  key_wo         = ephemeral.ceph_user_key.libvirt.key
  key_wo_version = ceph_user.libvirt.key_fingerprint # written again after every rotation
}
