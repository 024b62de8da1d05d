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
  assert { # the addresses of a state that an earlier release of the module has written
    condition = (
      toset(keys(ceph_user.tenant)) == toset(["east", "west"]) && contains(keys(libvirt_ceph_secret.tenant), "east on kvm1") &&
      alltrue([for user in ceph_user.tenant : user.name == "tenant-a" && user.rotate_in_use == false])
    )
    error_message = "The user or the secret of the tenant's own name has another address."
  }
  assert {
    condition     = alltrue([for pool in ceph_pool.tenant : pool.config == null])
    error_message = "A setting that was not named is set."
  }
}

run "user_of_another_name" {
  command = plan
  variables { user = "web" }

  assert {
    condition = (
      [for user in ceph_user.tenant : "${user.cluster}/${user.name}"] == ["east/web", "west/web"] &&
      [for pool in ceph_pool.tenant : pool.name] == ["tenant-a", "tenant-a"] && output.access["west"].user == "web"
    )
    error_message = "Pool and user do not have their own names."
  }
}

run "next_user_beside_former" {
  command = plan
  variables {
    user         = "tenant-a-2"
    former_users = ["tenant-a"]
  }

  assert {
    condition = { for key, user in ceph_user.tenant : key => user.name } == {
      east = "tenant-a", "east as tenant-a-2" = "tenant-a-2", west = "tenant-a", "west as tenant-a-2" = "tenant-a-2"
    }
    error_message = "The former user would be touched, or there is no next one."
  }
  assert {
    condition     = alltrue([for user in ceph_user.tenant : user.caps.osd == "profile rbd pool=tenant-a"])
    error_message = "Not both users may open the tenant's images."
  }
  assert {
    condition = length(libvirt_ceph_secret.tenant) == 12 && alltrue([
      for key in ["east on kvm1", "east as tenant-a-2 on kvm1"] : contains(keys(libvirt_ceph_secret.tenant), key)
    ])
    error_message = "Not both users have a secret on each hypervisor."
  }
  assert {
    condition     = { for label, access in output.access : label => access.user } == { east = "tenant-a-2", west = "tenant-a-2" }
    error_message = "Disks would be opened with the former user."
  }
}

run "settings" {
  command = plan
  variables {
    crush_rule      = "ssd"
    config          = { rbd_qos_iops_limit = "5000" }
    quota_max_bytes = "1TiB"
    rotate_in_use   = true
  }

  assert {
    condition = alltrue([
      for pool in ceph_pool.tenant :
      pool.crush_rule == "ssd" && pool.config == tomap({ rbd_qos_iops_limit = "5000" }) && pool.quota_max_bytes == "1TiB"
    ])
    error_message = "A setting does not reach each pool."
  }
  assert {
    condition     = alltrue([for user in ceph_user.tenant : user.rotate_in_use])
    error_message = "rotate_in_use does not reach each user."
  }
}

run "data_pools_are_written" {
  command = plan
  variables { data_pools = ["ec"] }

  assert {
    condition     = ceph_user.tenant["west"].caps.osd == "profile rbd pool=ec, profile rbd pool=tenant-a"
    error_message = "The user may not do exactly what it has to."
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
    user            = "client.a"
  }
  expect_failures = [var.name, var.clusters, var.hypervisors, var.quota_max_bytes, var.key_generation, var.user]
}

run "empty_is_not_left_out" {
  command = plan
  variables {
    user       = ""
    crush_rule = ""
    config     = {}
  }
  expect_failures = [var.user, var.crush_rule, var.config]
}

run "former_user_with_its_type" {
  command = plan
  variables { former_users = ["client.a"] }
  expect_failures = [var.former_users]
}

run "user_is_not_among_the_former_ones" {
  command = plan
  variables { former_users = ["tenant-a"] }
  expect_failures = [var.former_users]
}

run "own_pool_is_no_further_one" {
  command = plan
  variables { data_pools = ["tenant-a"] }
  expect_failures = [var.data_pools]
}

run "own_pool_is_not_read_only" {
  command = plan
  variables { read_only_pools = ["golden", "tenant-a"] }
  expect_failures = [var.read_only_pools]
}
