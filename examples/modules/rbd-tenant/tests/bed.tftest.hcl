# The tenant on two real clusters and hypervisors, which tests/terraform.tfvars names; see the README.

provider "ceph" {
  alias       = "bed"
  clusters    = var.bed.clusters
  hypervisors = var.bed.hypervisors
}

variables {
  name        = "tenant-test"
  clusters    = ["east", "west"]
  hypervisors = ["kvm1", "kvm2"]
}

run "made" {
  providers = { ceph = ceph.bed }

  assert { # a provider that was configured with unknown values would pass everything else
    condition     = output.fsids == tomap(var.bed.fsids)
    error_message = "The provider is not connected to the bed."
  }
  assert {
    condition     = toset(keys(output.pool_ids)) == var.clusters && alltrue([for id in values(output.pool_ids) : id > 0])
    error_message = "Not every cluster's pool has a number."
  }
  assert {
    condition     = length(libvirt_ceph_secret.tenant) == 4
    error_message = "Not every hypervisor has a secret for each cluster."
  }
  assert {
    condition = alltrue([
      for pair, secret in libvirt_ceph_secret.tenant :
      secret.key_fingerprint == ceph_user.tenant[local.secrets[pair].user].key_fingerprint
    ])
    error_message = "A secret does not hold the key of its cluster's user."
  }
  assert {
    condition     = alltrue([for user in ceph_user.tenant : user.key == null])
    error_message = "A key is in the state."
  }
  assert {
    condition = ceph_user.tenant["east"].caps == tomap({
      mon = "profile rbd"
      osd = "profile rbd pool=tenant-test"
      mgr = "profile rbd pool=tenant-test"
    })
    error_message = "The user has other caps than its pool needs."
  }
  assert {
    condition     = length(toset([for uuid in output.access["east"].secret_uuids : uuid])) == 1
    error_message = "A guest that migrates would not find the secret under the same UUID."
  }
}

run "rotated" {
  providers = { ceph = ceph.bed }
  variables {
    key_generation = 2
    rotate_in_use  = true
    crush_rule     = "replicated_rule"
    config         = { rbd_qos_iops_limit = "5000" }
    data_pools     = ["tenant-test-data"] # caps may name a pool that is made later
  }

  assert {
    condition = alltrue([
      for pool in ceph_pool.tenant : pool.crush_rule == "replicated_rule" && pool.config == tomap({ rbd_qos_iops_limit = "5000" })
    ])
    error_message = "A pool is not what was asked for."
  }
  assert {
    condition     = ceph_user.tenant["east"].caps.osd == "profile rbd pool=tenant-test, profile rbd pool=tenant-test-data"
    error_message = "The user may not write the data pool."
  }

  assert {
    condition     = alltrue([for label, now in output.key_fingerprints : now != run.made.key_fingerprints[label]])
    error_message = "A user has the key that it had before."
  }
  assert {
    condition = alltrue([
      for pair, secret in libvirt_ceph_secret.tenant :
      secret.key_fingerprint == ceph_user.tenant[local.secrets[pair].user].key_fingerprint
    ])
    error_message = "A secret has not followed the rotation."
  }
}

# A secret is kept while a domain uses it, and an image while a domain names it. So the disks go in one apply, the hypervisor or the
# cluster in the next.
run "guest_gets_disks" {
  providers = { ceph = ceph.bed }
  module { source = "../rbd-disk/tests/disks" }
  variables {
    access     = run.rotated.access
    hypervisor = "kvm2"
    domain     = var.bed.domain
    disks = {
      from-east = { cluster = "east", target_dev = "vdb" }
      from-west = { cluster = "west", target_dev = "vdc" }
    }
  }

  assert {
    condition     = { for name, image in output.images : name => image.fsid } == { from-east = var.bed.fsids.east, from-west = var.bed.fsids.west }
    error_message = "An image is on another cluster than it should be."
  }
}

run "guest_loses_a_disk" {
  providers = { ceph = ceph.bed }
  module { source = "../rbd-disk/tests/disks" }
  variables {
    access     = run.rotated.access
    hypervisor = "kvm2"
    domain     = var.bed.domain
    disks      = { from-east = { cluster = "east", target_dev = "vdb" } }
  }

  assert {
    condition     = { for name, image in output.images : name => image.image_id } == { from-east = run.guest_gets_disks.images["from-east"].image_id }
    error_message = "Not the other disk alone is left."
  }
}

run "domain_with_former_user" {
  providers = { ceph = ceph.bed }
  module { source = "./tests/domain" }
  variables {
    hypervisor = "kvm2"
    domain     = var.bed.domain
  }

  assert {
    condition     = output.users == { "tenant-test/from-east" = "tenant-test" }
    error_message = "The domain has other disks, or opens them with another user."
  }
}

# A user for each generation of keys: the next one beside the former one, the disk opened with it, then without the former one.
run "next_user" {
  providers = { ceph = ceph.bed }
  variables {
    key_generation = 2
    user           = "tenant-test-2"
    former_users   = ["tenant-test"]
  }

  assert {
    condition     = length(libvirt_ceph_secret.tenant) == 8
    error_message = "Not both users have a secret for each cluster on each hypervisor."
  }
  assert {
    condition     = alltrue([for label, before in run.rotated.key_fingerprints : ceph_user.tenant[label].key_fingerprint == before])
    error_message = "The former user was touched."
  }
  assert {
    condition = alltrue([
      for label, access in output.access : access.user == "tenant-test-2" && access.secret_uuids != run.rotated.access[label].secret_uuids
    ])
    error_message = "Disks would be opened with the former user."
  }
}

run "guest_goes_over" {
  providers = { ceph = ceph.bed }
  module { source = "../rbd-disk/tests/disks" }
  variables {
    access     = run.next_user.access
    hypervisor = "kvm2"
    domain     = var.bed.domain
    disks      = { from-east = { cluster = "east", target_dev = "vdb" } }
  }

  assert {
    condition     = output.images == run.guest_loses_a_disk.images && output.disks["from-east"].persistent
    error_message = "The disk shows another image than before."
  }
}

run "domain_with_next_user" {
  providers = { ceph = ceph.bed }
  module { source = "./tests/domain" }
  variables {
    hypervisor = "kvm2"
    domain     = var.bed.domain
  }

  assert {
    condition     = output.users == { "tenant-test/from-east" = "tenant-test-2" }
    error_message = "The domain opens the disk with the former user."
  }
}

run "former_user_taken_out" {
  providers = { ceph = ceph.bed }
  variables {
    key_generation = 2
    user           = "tenant-test-2"
  }

  assert {
    condition     = output.key_fingerprints == run.next_user.key_fingerprints && length(libvirt_ceph_secret.tenant) == 4
    error_message = "Not the former user alone is gone."
  }
}

run "disk_of_next_user_taken_out" {
  providers = { ceph = ceph.bed }
  module { source = "../rbd-disk/tests/disks" }
  variables {
    access     = run.former_user_taken_out.access
    hypervisor = "kvm2"
    domain     = var.bed.domain
    disks      = {}
  }

  assert {
    condition     = length(output.disks) == 0
    error_message = "A disk is left."
  }
}

run "domain_without_disks" {
  providers = { ceph = ceph.bed }
  module { source = "./tests/domain" }
  variables {
    hypervisor = "kvm2"
    domain     = var.bed.domain
  }

  assert {
    condition     = length(output.users) == 0
    error_message = "The domain has a disk that was taken out."
  }
}

run "hypervisor_taken_out" {
  providers = { ceph = ceph.bed }
  variables {
    key_generation = 2
    user           = "tenant-test-2"
    hypervisors    = ["kvm1"]
  }

  assert {
    condition     = toset(keys(libvirt_ceph_secret.tenant)) == toset(["east as tenant-test-2 on kvm1", "west as tenant-test-2 on kvm1"])
    error_message = "Not the secrets of the other hypervisor are left."
  }
  assert {
    condition     = output.key_fingerprints == run.next_user.key_fingerprints
    error_message = "A user was touched."
  }
}

run "cluster_taken_out" {
  providers = { ceph = ceph.bed }
  variables {
    key_generation = 2
    user           = "tenant-test-2"
    hypervisors    = ["kvm1"]
    clusters       = ["east"]
  }

  assert {
    condition     = output.fsids == tomap({ east = var.bed.fsids.east })
    error_message = "Not the other cluster is left."
  }
}
