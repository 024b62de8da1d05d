output "access" {
  description = "What each tenant's disks are opened with, by tenant and cluster."
  value       = { for name, tenant in module.tenant : name => tenant.access }
}

output "disks" {
  description = "Where each disk is."
  value       = { for name, disk in module.disk : name => disk.disk }
}
