variable "image_passphrase" {
  description = "Passphrase of the encrypted image vms/data on east."
  type        = string
  sensitive   = true
  ephemeral   = true # in neither plan nor state
}

# A disk whose <encryption> names this secret's uuid is opened with the passphrase.
resource "libvirt_volume_secret" "data" {
  provider              = ceph
  hypervisor            = "kvm1"
  volume                = "east/vms/data"
  passphrase_wo         = var.image_passphrase
  passphrase_wo_version = "1" # another text writes the passphrase again
}
