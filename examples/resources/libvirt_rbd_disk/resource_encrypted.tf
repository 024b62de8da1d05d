variable "image_passphrase" {
  description = "Passphrase of the encrypted image vms/sealed on east."
  type        = string
  sensitive   = true
  ephemeral   = true # in neither plan nor state
}

resource "ceph_rbd_image" "sealed" {
  cluster = "east"
  pool    = ceph_pool.vms.name
  name    = "sealed"
  size    = "10256MiB" # with 16MiB for the header

  encryption = {
    format                = "luks2"
    passphrase_wo         = var.image_passphrase
    passphrase_wo_version = "1"
  }
}

resource "libvirt_volume_secret" "sealed" {
  provider              = ceph
  hypervisor            = "kvm1"
  volume                = "east/${ceph_rbd_image.sealed.pool}/${ceph_rbd_image.sealed.name}"
  passphrase_wo         = var.image_passphrase
  passphrase_wo_version = "1"
}

# An encrypted disk: the guest sees 10GiB, and the cluster sees nothing of what is on it. With a libvirt older than 11.3 the domain has to
# be shut off when it gets the disk.
resource "libvirt_rbd_disk" "sealed" {
  provider    = ceph
  hypervisor  = "kvm1"
  domain      = "centos80"
  cluster     = "east"
  pool        = ceph_rbd_image.sealed.pool
  image       = ceph_rbd_image.sealed.name
  user        = ceph_user.libvirt.name
  secret_uuid = libvirt_ceph_secret.libvirt.uuid
  target_dev  = "vdd"

  encryption = {
    format      = "luks2"
    secret_uuid = libvirt_volume_secret.sealed.uuid
  }
}
