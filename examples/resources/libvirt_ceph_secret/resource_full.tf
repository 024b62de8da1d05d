variable "backup_key" {
  description = "Key of client.backup on east: ceph auth get-key client.backup"
  type        = string
  sensitive   = true
  ephemeral   = true # in neither plan nor state
}

# A secret whose value is written to libvirt only, with a UUID that is already in use in domain definitions.
resource "libvirt_ceph_secret" "backup" {
  provider    = ceph
  hypervisor  = "kvm1"
  usage_name  = "client.backup on east"
  uuid        = "6a085c23-2177-242d-7661-c785df7f6230"
  description = "Opens the disks of backup guests."
  ephemeral   = false
  private     = false

  key_wo         = var.backup_key
  key_wo_version = "1" # another text writes the key again

  timeouts = {
    create = "1m"
  }
}
