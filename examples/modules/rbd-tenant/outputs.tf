output "access" {
  description = "What the module rbd-disk takes to put a disk on a cluster, by the cluster's label: `cluster`, `pool`, `user`, and `secret_uuids` by hypervisor."
  value = tomap({
    for cluster in var.clusters : cluster => {
      cluster = cluster
      pool    = ceph_pool.tenant[cluster].name
      user    = ceph_user.tenant[local.present[cluster]].name
      secret_uuids = {
        for hypervisor in var.hypervisors : hypervisor => libvirt_ceph_secret.tenant["${local.present[cluster]} on ${hypervisor}"].uuid
      }
    }
  })
}

output "fsids" {
  description = "Identity of each cluster, by its label."
  value       = tomap({ for label, pool in ceph_pool.tenant : label => pool.fsid })
}

output "pool_ids" {
  description = "Number of the pool on each cluster, by its label. It stays when the pool is renamed."
  value       = tomap({ for label, pool in ceph_pool.tenant : label => pool.pool_id })
}

output "key_fingerprints" {
  description = "Digest of the user's key on each cluster, by its label. Safe to show."
  value       = tomap({ for label, key in local.present : label => ceph_user.tenant[key].key_fingerprint })
}
