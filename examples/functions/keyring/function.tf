resource "ceph_user" "backup" {
  cluster = "east"
  name    = "backup"
  caps    = provider::ceph::rbd_caps({ read_only_pools = ["vms"] })
}

# For the machine that does the backups: rbd --id backup --keyring FILE export vms/data -
output "backup_keyring" {
  value     = provider::ceph::keyring(ceph_user.backup.entity, ceph_user.backup.key)
  sensitive = true
}
