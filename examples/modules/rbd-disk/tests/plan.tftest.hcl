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
  assert { # a state that an earlier release of the module has written has nothing of these
    condition = (
      libvirt_rbd_disk.disk.serial == null && libvirt_rbd_disk.disk.boot_order == null && libvirt_rbd_disk.disk.iothread == null &&
      libvirt_rbd_disk.disk.iotune == null && libvirt_rbd_disk.disk.on_change == null && libvirt_rbd_disk.disk.timeouts == null &&
      ceph_rbd_image.disk.trash == null && ceph_rbd_image.disk.timeouts == null && ceph_rbd_image.disk.config == null &&
      ceph_rbd_image.disk.encryption == null && libvirt_rbd_disk.disk.encryption == null && length(libvirt_volume_secret.disk) == 0
    )
    error_message = "A setting that was not named is set."
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
    serial      = "web1-data"
    boot_order  = 2
    on_change   = "reattach"
    iotune      = { total_iops_sec = 500, write_bytes_sec = 1000000, write_bytes_sec_max = 2000000, group_name = "web1" }
    timeouts    = { disk = { delete = "10m" } }
  }

  assert {
    condition = (
      libvirt_rbd_disk.disk.bus == "scsi" && libvirt_rbd_disk.disk.cache == "writeback" &&
      libvirt_rbd_disk.disk.discard == "unmap" && libvirt_rbd_disk.disk.config_file == "/dev/null"
    )
    error_message = "A setting does not reach the disk."
  }
  assert {
    condition = (
      libvirt_rbd_disk.disk.serial == "web1-data" && libvirt_rbd_disk.disk.boot_order == 2 && libvirt_rbd_disk.disk.on_change == "reattach"
    )
    error_message = "serial, boot_order or on_change does not reach the disk."
  }
  assert {
    condition = { for name, limit in libvirt_rbd_disk.disk.iotune : name => limit if limit != null } == {
      total_iops_sec = 500, write_bytes_sec = 1000000, write_bytes_sec_max = 2000000, group_name = "web1"
    }
    error_message = "Other limits than those of iotune reach the disk."
  }
  assert {
    condition = (
      libvirt_rbd_disk.disk.timeouts.delete == "10m" && libvirt_rbd_disk.disk.timeouts.create == null && ceph_rbd_image.disk.timeouts == null
    )
    error_message = "Not the disk alone has the time limit."
  }
}

run "settings_of_the_image" {
  command = plan
  variables {
    data_pool = "tenant-a-ec"
    trash     = { delay = "720h" }
    timeouts  = { image = { create = "2h", update = "3h" } }
    iothread  = 1

    image_config = { rbd_qos_iops_limit = "500" }
  }

  assert {
    condition     = ceph_rbd_image.disk.data_pool == "tenant-a-ec" && ceph_rbd_image.disk.trash.delay == "720h"
    error_message = "data_pool or trash does not reach the image."
  }
  assert {
    condition     = ceph_rbd_image.disk.config == tomap({ rbd_qos_iops_limit = "500" })
    error_message = "image_config does not reach the image."
  }
  assert {
    condition = (
      ceph_rbd_image.disk.timeouts.create == "2h" && ceph_rbd_image.disk.timeouts.update == "3h" &&
      ceph_rbd_image.disk.timeouts.delete == null && libvirt_rbd_disk.disk.timeouts == null
    )
    error_message = "Not the image alone has the time limits."
  }
  assert {
    condition     = libvirt_rbd_disk.disk.iothread == 1
    error_message = "iothread does not reach the disk."
  }
}

run "trash_without_delay" {
  command = plan
  variables { trash = {} }

  assert {
    condition     = ceph_rbd_image.disk.trash != null && ceph_rbd_image.disk.trash.delay == null
    error_message = "The image would be deleted for good."
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
    serial      = "web1/data"
    on_change   = "now"
  }
  expect_failures = [
    var.access, var.domain, var.image, var.size, var.target_dev, var.bus, var.cache, var.discard, var.config_file,
    var.serial, var.on_change,
  ]
}

run "empty_is_not_left_out" {
  command = plan
  variables {
    cache       = ""
    discard     = ""
    config_file = ""
    on_change   = ""

    image_config = {}
  }
  expect_failures = [var.cache, var.discard, var.config_file, var.on_change, var.image_config]
}

run "target_that_the_provider_refuses" {
  command = plan
  variables {
    target_dev = "xvda"
    data_pool  = "a/b"
  }
  expect_failures = [var.target_dev, var.data_pool]
}

run "data_pool_is_another_one" {
  command = plan
  variables { data_pool = "tenant-a" }
  expect_failures = [var.data_pool]
}

run "more_disks_than_letters" {
  command = plan
  variables { target_dev = "vdaa" }

  assert {
    condition     = libvirt_rbd_disk.disk.target_dev == "vdaa"
    error_message = "The target does not reach the disk."
  }
}

run "encrypted" {
  command = plan
  variables {
    encryption = {}
    passphrase = "not a secret"
  }

  assert {
    condition     = ceph_rbd_image.disk.encryption.format == "luks2" && libvirt_rbd_disk.disk.encryption.format == "luks2"
    error_message = "The image is not encrypted, or the disk shows what is encrypted."
  }
  assert {
    condition     = [for secret in libvirt_volume_secret.disk : secret.hypervisor] == ["kvm1", "kvm2"]
    error_message = "The guest would not find the passphrase on every hypervisor to which it may migrate."
  }
}

run "encrypted_as_luks1" {
  command = plan
  variables { encryption = { format = "luks1" } }

  assert {
    condition     = ceph_rbd_image.disk.encryption.format == "luks1" && libvirt_rbd_disk.disk.encryption.format == "luks"
    error_message = "The image or the disk has another format."
  }
}

run "encryption_that_the_provider_refuses" {
  command = plan
  variables { encryption = { format = "luks" } }
  expect_failures = [var.encryption]
}

run "encrypted_clone" {
  command = plan
  variables {
    encryption = {}
    parent     = { pool = "golden", image = "debian", snapshot = "base" }
  }
  expect_failures = [var.encryption]
}

run "passphrase_without_encryption" {
  command = plan
  variables { passphrase = "not a secret" }
  expect_failures = [var.passphrase]
}

run "label_with_an_at_sign" {
  command = plan
  variables {
    access = { cluster = "west@lab", pool = "tenant-a", user = "tenant-a", secret_uuids = { kvm2 = "88085c23-2177-242d-7661-c785df7f6230" } }
  }

  assert {
    condition     = ceph_rbd_image.disk.cluster == "west@lab" && libvirt_rbd_disk.disk.cluster == "west@lab"
    error_message = "The label does not reach the image and the disk."
  }
}

run "label_with_a_slash" {
  command = plan
  variables {
    access = { cluster = "west/1", pool = "tenant-a", user = "tenant-a", secret_uuids = { kvm2 = "88085c23-2177-242d-7661-c785df7f6230" } }
  }
  expect_failures = [var.access]
}

run "size_of_the_parent" {
  command = plan
  variables {
    size   = null
    parent = { pool = "golden", image = "debian", snapshot = "base" }
  }

  assert {
    condition     = ceph_rbd_image.disk.parent.image == "debian"
    error_message = "The image is no clone."
  }
}

run "size_of_nothing" {
  command = plan
  variables { size = null }
  expect_failures = [var.size]
}

run "hypervisor_without_the_secret" {
  command = plan
  variables { hypervisor = "kvm3" }
  expect_failures = [var.hypervisor]
}
