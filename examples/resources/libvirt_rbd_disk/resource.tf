resource "ceph_pool" "vms" {
  cluster      = "east"
  name         = "vms"
  applications = ["rbd"]
}

resource "ceph_rbd_image" "data" {
  cluster = "east"
  pool    = ceph_pool.vms.name
  name    = "data"
  size    = "30GiB"
}

resource "ceph_user" "libvirt" {
  cluster = "east"
  name    = "libvirt"
  caps    = provider::ceph::rbd_caps({ pools = [ceph_pool.vms.name] })
}

resource "libvirt_ceph_secret" "libvirt" {
  provider   = ceph
  hypervisor = "kvm1"
  usage_name = "client.libvirt@${ceph_user.libvirt.fsid}"
  key        = ceph_user.libvirt.key
}

# A disk for the domain centos80, which somebody else defined and may be running.
resource "libvirt_rbd_disk" "data" {
  provider    = ceph
  hypervisor  = "kvm1"
  domain      = "centos80"
  cluster     = "east"
  pool        = ceph_rbd_image.data.pool
  image       = ceph_rbd_image.data.name
  size        = ceph_rbd_image.data.size # growth reaches the guest in the same apply
  user        = ceph_user.libvirt.name
  secret_uuid = libvirt_ceph_secret.libvirt.uuid
  target_dev  = "vdb"
}
