variable "image_passphrase" {
  description = "Passphrase of the encrypted image vms/sealed on east."
  type        = string
  sensitive   = true
  ephemeral   = true # in neither plan nor state
}

# An encrypted image: its guest sees a disk of 10GiB.
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

# The passphrase for the host on which the guest runs.
resource "libvirt_volume_secret" "sealed" {
  provider              = ceph
  hypervisor            = "kvm1"
  volume                = "east/${ceph_rbd_image.sealed.pool}/${ceph_rbd_image.sealed.name}"
  passphrase_wo         = var.image_passphrase
  passphrase_wo_version = "1"
}
