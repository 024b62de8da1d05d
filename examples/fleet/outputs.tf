output "access" {
  description = "What each tenant's disks are opened with, by tenant and cluster."
  value       = { for name, tenant in module.tenant : name => tenant.access }
}

output "disks" {
  description = "Where each disk is."
  value       = { for name, disk in module.disk : name => disk.disk }
}

output "to_restart" {
  description = "The guests that have a disk with other settings than its saved definition until they are started again: HYPERVISOR/DOMAIN."
  value       = sort(distinct([for disk in module.disk : "${disk.disk.running_on}/${disk.disk.domain}" if disk.disk.pending_restart == true]))
}
