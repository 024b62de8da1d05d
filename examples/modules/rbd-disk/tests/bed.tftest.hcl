# A disk on two real clusters, which tests/terraform.tfvars names with a hypervisor and a domain; see the README.

provider "ceph" {
  alias       = "bed"
  clusters    = var.bed.clusters
  hypervisors = var.bed.hypervisors
}

run "data_pool" {
  providers = { ceph = ceph.bed }
  module { source = "./tests/data_pool" }
}

run "tenant" {
  providers = { ceph = ceph.bed }
  module { source = "../rbd-tenant" }
  variables {
    name        = "disk-test"
    clusters    = ["east", "west"]
    hypervisors = ["kvm1"]
    data_pools  = [run.data_pool.name]
  }

  assert { # a provider that was configured with unknown values would pass everything else
    condition     = output.fsids == tomap(var.bed.fsids)
    error_message = "The provider is not connected to the bed."
  }
}

# The disk is encrypted: terraform test of Terraform 1.11 refuses an apply that leaves an ephemeral variable out.
run "attached" {
  providers = { ceph = ceph.bed }
  variables {
    access     = run.tenant.access["west"]
    hypervisor = "kvm1"
    domain     = var.bed.domain
    image      = "data"
    size       = "32MiB"
    target_dev = "vdb"
    cache      = "writeback"
    data_pool  = run.data_pool.name
    serial     = "disk-test"
    iotune     = { total_iops_sec = 500, read_bytes_sec = 1000000 }
    on_change  = "reattach"
    trash      = {}
    timeouts   = { image = { create = "5m" }, disk = { delete = "2m" } }

    image_config = { rbd_qos_iops_limit = "500" }
    encryption   = {}
    passphrase   = "of a test"
  }

  assert {
    condition     = output.image.fsid == var.bed.fsids.west && output.image.pool == "disk-test" && output.image.size_bytes == 32 * 1024 * 1024
    error_message = "The image is not what was asked for."
  }
  assert {
    condition     = ceph_rbd_image.disk.data_pool == "disk-test-data" && ceph_rbd_image.disk.trash != null
    error_message = "The image keeps its data elsewhere, or would be deleted for good."
  }
  assert {
    condition     = ceph_rbd_image.disk.config == tomap({ rbd_qos_iops_limit = "500" })
    error_message = "The image has other limits than it should have."
  }
  assert {
    condition     = libvirt_rbd_disk.disk.serial == "disk-test" && libvirt_rbd_disk.disk.iotune.total_iops_sec == 500
    error_message = "A setting is not in the domain."
  }
  assert {
    condition     = output.image.image_id == libvirt_rbd_disk.disk.image_id && output.image.image_id != ""
    error_message = "The disk is another image than the one that was made."
  }
  assert {
    condition     = output.disk.pending_restart == false && output.disk.monitors_stale == false
    error_message = "A domain that is shut off would have to be started again."
  }
  assert {
    condition     = libvirt_rbd_disk.disk.encryption.secret_uuid == libvirt_volume_secret.disk["kvm1"].uuid
    error_message = "The disk is opened with another passphrase."
  }
  assert {
    condition     = output.disk.persistent && output.disk.running_on == "kvm1" && output.disk.domain == var.bed.domain
    error_message = "The disk is not in the saved definition."
  }
}

run "grown" {
  providers = { ceph = ceph.bed }
  variables {
    access     = run.tenant.access["west"]
    hypervisor = "kvm1"
    domain     = var.bed.domain
    image      = "data"
    size       = "48MiB"
    target_dev = "vdb"
    encryption = {}
    passphrase = "of a test"
  }

  assert {
    condition     = output.image.size_bytes == provider::ceph::bytes("48MiB")
    error_message = "The image has not grown."
  }
  assert {
    condition     = libvirt_rbd_disk.disk.cache == null && libvirt_rbd_disk.disk.serial == null && libvirt_rbd_disk.disk.iotune == null
    error_message = "A setting that is not named any more is left."
  }
  assert {
    condition     = ceph_rbd_image.disk.config == null
    error_message = "The image has kept its limit."
  }
  assert {
    condition     = ceph_rbd_image.disk.data_pool == "disk-test-data"
    error_message = "The image has lost its data."
  }
}

run "cloned" {
  providers = { ceph = ceph.bed }
  module { source = "./tests/clone" }
  variables {
    access     = run.tenant.access["west"]
    hypervisor = "kvm1"
    domain     = var.bed.domain
  }

  assert {
    condition     = "${output.parent.pool}/${output.parent.image}@${output.parent.snapshot}" == "disk-test/template@base"
    error_message = "The image is no clone of the template."
  }
  assert {
    condition     = output.sizes == [provider::ceph::bytes("16MiB"), provider::ceph::bytes("8MiB")]
    error_message = "A clone without a size has another one than its parent."
  }
}

# A disk moves to another cluster in two applies: the new one beside the former one, for the guest to copy; then without the former one.
run "former" {
  providers = { ceph = ceph.bed }
  module { source = "./tests/disks" }
  variables {
    access     = run.tenant.access
    hypervisor = "kvm1"
    domain     = var.bed.domain
    disks      = { logs = { cluster = "east", target_dev = "vdc" } }
  }

  assert {
    condition     = [for image in output.images : image.fsid] == [var.bed.fsids.east]
    error_message = "The image is on another cluster than it should be."
  }
}

run "new_beside_former" {
  providers = { ceph = ceph.bed }
  module { source = "./tests/disks" }
  variables {
    access     = run.tenant.access
    hypervisor = "kvm1"
    domain     = var.bed.domain
    disks = {
      logs     = { cluster = "east", target_dev = "vdc" }
      logs-new = { cluster = "west", target_dev = "vdd" }
    }
  }

  assert {
    condition     = { for name, image in output.images : name => image.fsid } == { logs = var.bed.fsids.east, logs-new = var.bed.fsids.west }
    error_message = "The two images are not on the two clusters."
  }
}

run "without_former" {
  providers = { ceph = ceph.bed }
  module { source = "./tests/disks" }
  variables {
    access     = run.tenant.access
    hypervisor = "kvm1"
    domain     = var.bed.domain
    disks      = { logs-new = { cluster = "west", target_dev = "vdd" } }
  }

  assert {
    condition     = { for name, disk in output.disks : name => disk.persistent } == { logs-new = true }
    error_message = "Not the new disk alone is left."
  }
}

# Terraform now destroys in reverse: the disks, and then the tenant. A user whose secret a disk still needs is refused.
