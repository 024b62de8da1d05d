output "access" {
  description = "What the module rbd-disk takes to put a disk on a cluster, by the cluster's label: `cluster`, `pool`, `user`, and `secret_uuids` by hypervisor."
  value = tomap({
    for cluster in var.clusters : cluster => {
      cluster = cluster
      pool    = ceph_pool.tenant[cluster].name
      user    = ceph_user.tenant[cluster].name
      secret_uuids = {
        for hypervisor in var.hypervisors : hypervisor => libvirt_ceph_secret.tenant["${cluster} on ${hypervisor}"].uuid
      }
    }
  })
}

output "fsids" {
  description = "Identity of each cluster, by its label."
  value       = tomap({ for label, pool in ceph_pool.tenant : label => pool.fsid })
}

output "key_fingerprints" {
  description = "Digest of the user's key on each cluster, by its label. Safe to show."
  value       = tomap({ for label, user in ceph_user.tenant : label => user.key_fingerprint })
}
