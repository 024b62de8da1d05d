# With a UUID that is already in use in domain definitions, and a value that virsh shows to the host's administrator.
resource "libvirt_volume_secret" "archive" {
  provider    = ceph
  hypervisor  = "kvm1"
  volume      = "east/vms/archive"
  uuid        = "4a085c23-2177-242d-7661-c785df7f6230"
  description = "Opens the disk of the archive."
  ephemeral   = false
  private     = false

  passphrase_wo         = trimspace(var.image_passphrase) # without the end of the line that a file has
  passphrase_wo_version = "1"

  timeouts = {
    create = "1m"
  }
}
