# Without a bed: terraform test -filter=tests/plan.tftest.hcl

# Terraform's mock_provider knows no ephemeral resources, so each resource is mocked instead: the provider is asked for none of them.
provider "ceph" {}

override_resource {
  target = ceph_pool.tenant
}
override_resource {
  target = ceph_user.tenant
}
override_resource {
  target = libvirt_ceph_secret.tenant
}

variables {
  name        = "tenant-a"
  clusters    = ["east", "west"]
  hypervisors = ["kvm1", "kvm2", "kvm3"]
}

run "every_hypervisor_of_every_cluster" {
  command = plan

  assert {
    condition     = [for pool in ceph_pool.tenant : "${pool.cluster}/${pool.name}"] == ["east/tenant-a", "west/tenant-a"]
    error_message = "Not a pool on each cluster."
  }
  assert {
    condition = toset([for secret in libvirt_ceph_secret.tenant : secret.hypervisor]) == toset(var.hypervisors) && (
      length(libvirt_ceph_secret.tenant) == 6
    )
    error_message = "Not a secret for each cluster on each hypervisor."
  }
  assert {
    condition     = alltrue([for user in ceph_user.tenant : user.key_in_state == false])
    error_message = "A key would get into the state."
  }
}

run "parents_of_clones_are_read_only" {
  command = plan
  variables { read_only_pools = ["golden"] }

  assert {
    condition     = ceph_user.tenant["west"].caps.osd == "profile rbd pool=tenant-a, profile rbd-read-only pool=golden"
    error_message = "The user may not do exactly what it has to."
  }
}

run "no_cluster_yet" {
  command = plan
  variables { clusters = [] }

  assert {
    condition     = length(output.access) == 0
    error_message = "Something is planned."
  }
}

run "refused" {
  command = plan
  variables {
    name            = "-a"
    clusters        = ["east/1"]
    hypervisors     = [""]
    quota_max_bytes = "5 potatoes"
    key_generation  = 0.5
  }
  expect_failures = [var.name, var.clusters, var.hypervisors, var.quota_max_bytes, var.key_generation]
}

run "own_pool_is_not_read_only" {
  command = plan
  variables { read_only_pools = ["golden", "tenant-a"] }
  expect_failures = [var.read_only_pools]
}
