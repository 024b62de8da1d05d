# Without a bed: terraform test -filter=tests/plan.tftest.hcl

mock_provider "ceph" {}

variables {
  access = {
    cluster      = "west"
    pool         = "tenant-a"
    user         = "tenant-a"
    secret_uuids = { kvm1 = "77085c23-2177-242d-7661-c785df7f6230", kvm2 = "88085c23-2177-242d-7661-c785df7f6230" }
  }
  hypervisor = "kvm2"
  domain     = "centos80"
  image      = "data"
  size       = "30GiB"
  target_dev = "vdb"
}

run "disk_opens_the_image_with_the_secret_of_its_host" {
  command = plan

  assert {
    condition     = "${ceph_rbd_image.disk.cluster}/${ceph_rbd_image.disk.pool}/${ceph_rbd_image.disk.name}" == "west/tenant-a/data"
    error_message = "The image is elsewhere."
  }
  assert {
    condition = (
      libvirt_rbd_disk.disk.cluster == ceph_rbd_image.disk.cluster &&
      libvirt_rbd_disk.disk.pool == ceph_rbd_image.disk.pool &&
      libvirt_rbd_disk.disk.image == ceph_rbd_image.disk.name &&
      libvirt_rbd_disk.disk.size == ceph_rbd_image.disk.size
    )
    error_message = "The disk shows another image, or another size."
  }
  assert {
    condition     = libvirt_rbd_disk.disk.user == "tenant-a" && libvirt_rbd_disk.disk.secret_uuid == "88085c23-2177-242d-7661-c785df7f6230"
    error_message = "The disk is opened with the secret of another host."
  }
  assert {
    condition     = libvirt_rbd_disk.disk.bus == "virtio" && libvirt_rbd_disk.disk.cache == null && libvirt_rbd_disk.disk.discard == null
    error_message = "A setting that was not named is not libvirt's own."
  }
}

run "settings" {
  command = plan
  variables {
    bus         = "scsi"
    target_dev  = "sda"
    cache       = "writeback"
    discard     = "unmap"
    config_file = "/dev/null"
  }

  assert {
    condition = (
      libvirt_rbd_disk.disk.bus == "scsi" && libvirt_rbd_disk.disk.cache == "writeback" &&
      libvirt_rbd_disk.disk.discard == "unmap" && libvirt_rbd_disk.disk.config_file == "/dev/null"
    )
    error_message = "A setting does not reach the disk."
  }
}

run "refused" {
  command = plan
  variables {
    access      = { cluster = "west", pool = "a/b", user = "client.tenant-a", secret_uuids = { kvm1 = "secret" } }
    domain      = ""
    image       = "tenant-a/data"
    size        = "30GB"
    target_dev  = "vd1"
    bus         = "xen"
    cache       = "yes"
    discard     = "yes"
    config_file = "ceph.conf"
  }
  expect_failures = [
    var.access, var.domain, var.image, var.size, var.target_dev, var.bus, var.cache, var.discard, var.config_file,
  ]
}

run "target_that_the_provider_refuses" {
  command = plan
  variables { target_dev = "xvda" }
  expect_failures = [var.target_dev]
}

run "more_disks_than_letters" {
  command = plan
  variables { target_dev = "vdaa" }

  assert {
    condition     = libvirt_rbd_disk.disk.target_dev == "vdaa"
    error_message = "The target does not reach the disk."
  }
}

run "hypervisor_without_the_secret" {
  command = plan
  variables { hypervisor = "kvm3" }
  expect_failures = [var.hypervisor]
}
