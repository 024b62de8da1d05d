# A disk of a domain that somebody else manages: an image on a cluster, attached to the saved definition and to the running guest.

terraform {
  required_version = ">= 1.11" # for write-only arguments
  required_providers {
    ceph = {
      source  = "ceph-libvirt/ceph"
      version = "~> 0.0" # below 1.0
    }
  }
}

resource "ceph_rbd_image" "disk" {
  cluster       = var.access.cluster
  pool          = var.access.pool
  name          = var.image
  size          = var.size
  parent        = var.parent
  data_pool     = var.data_pool
  config        = var.image_config
  force_destroy = var.force_destroy
  trash         = var.trash
  timeouts      = try(var.timeouts.image, null)

  encryption = var.encryption == null ? null : {
    format                = var.encryption.format
    passphrase_wo         = var.passphrase
    passphrase_wo_version = "1" # librbd gives an image no other passphrase
  }
}

# Every hypervisor to which the guest may migrate needs the passphrase. The secret is named by what stays when the image is renamed, since
# with another name it would be another secret, which a running guest doesn't have.
resource "libvirt_volume_secret" "disk" {
  provider              = ceph
  for_each              = var.encryption == null ? toset([]) : toset(keys(var.access.secret_uuids))
  hypervisor            = each.key
  volume                = "${ceph_rbd_image.disk.fsid}/${ceph_rbd_image.disk.pool_id}/${ceph_rbd_image.disk.image_id}"
  description           = "Passphrase of the image ${ceph_rbd_image.disk.pool}/${ceph_rbd_image.disk.name}."
  passphrase_wo         = var.passphrase
  passphrase_wo_version = "1"
}

resource "libvirt_rbd_disk" "disk" {
  provider    = ceph
  hypervisor  = var.hypervisor
  domain      = var.domain
  cluster     = var.access.cluster
  pool        = ceph_rbd_image.disk.pool
  image       = ceph_rbd_image.disk.name
  size        = ceph_rbd_image.disk.size # growth reaches the guest in the same apply
  user        = var.access.user
  secret_uuid = var.access.secret_uuids[var.hypervisor]
  target_dev  = var.target_dev
  bus         = var.bus
  serial      = var.serial
  boot_order  = var.boot_order
  cache       = var.cache
  discard     = var.discard
  iothread    = var.iothread
  iotune      = var.iotune
  config_file = var.config_file
  on_change   = var.on_change
  timeouts    = try(var.timeouts.disk, null)

  encryption = var.encryption == null ? null : {
    format      = trimsuffix(var.encryption.format, "1") # libvirt's luks is luks1
    secret_uuid = libvirt_volume_secret.disk[var.hypervisor].uuid
  }
}
