# Everything that can be adopted. Terraform's own limit is 100 of each list.

list "ceph_erasure_code_profile" "found" {
  for_each         = var.clusters
  provider         = ceph
  include_resource = true
  limit            = 10000

  config {
    cluster = each.key
  }
}

list "ceph_crush_rule" "found" {
  for_each         = var.clusters
  provider         = ceph
  include_resource = true
  limit            = 10000

  config {
    cluster = each.key
  }
}

list "ceph_pool" "found" {
  for_each         = var.clusters
  provider         = ceph
  include_resource = true
  limit            = 10000

  config {
    cluster = each.key
  }
}

list "ceph_user" "found" {
  for_each         = var.clusters
  provider         = ceph
  include_resource = true
  limit            = 10000

  config {
    cluster = each.key
  }
}

list "ceph_rbd_namespace" "found" {
  for_each         = var.clusters
  provider         = ceph
  include_resource = true
  limit            = 10000

  config {
    cluster = each.key
  }
}

list "ceph_rbd_image" "found" {
  for_each         = var.clusters
  provider         = ceph
  include_resource = true
  limit            = 10000

  config {
    cluster = each.key
  }
}

list "ceph_rbd_snapshot" "found" {
  for_each         = var.clusters
  provider         = ceph
  include_resource = true
  limit            = 10000

  config {
    cluster = each.key
  }
}

list "libvirt_ceph_secret" "found" {
  for_each         = var.hypervisors
  provider         = ceph
  include_resource = true
  limit            = 10000

  config {
    hypervisor = each.key
  }
}

list "libvirt_volume_secret" "found" {
  for_each         = var.hypervisors
  provider         = ceph
  include_resource = true
  limit            = 10000

  config {
    hypervisor = each.key
  }
}

list "libvirt_rbd_disk" "found" {
  for_each         = var.hypervisors
  provider         = ceph
  include_resource = true
  limit            = 10000

  config {
    hypervisor = each.key
  }
}
