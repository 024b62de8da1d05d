# Everything that commit 949fd7d of the provider could be asked for: each type with all its arguments, with none that can be
# left out, and imported. The keys were made for this file; no cluster that is in use knows them.

terraform {
  required_providers {
    ceph = { source = "ceph-libvirt/ceph" }
  }
}

variable "mon_host" {
  type = string
}

variable "admin_key" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "hypervisor_uri" {
  type = string
}

variable "monitor" {
  type = object({ host = string, port = number })
}

variable "renamed" {
  type    = bool
  default = true
}

provider "ceph" {
  clusters = {
    east = { mon_host = var.mon_host, key = var.admin_key }
  }
  hypervisors = {
    kvm1 = { uri = var.hypervisor_uri }
  }
}

locals {
  chosen_key  = "AQCw5whr2184DxAArdmPJcEHHrLOdidm+xZ29A=="
  written_key = "AQCw5whrPW+AGBAA2xISmVpxsEXXwpuQJ6Tmhw=="
}

# Pools

resource "ceph_pool" "vms" {
  name         = "vms"
  applications = ["rbd"]
}

resource "ceph_pool" "full" {
  cluster                    = "east"
  name                       = "full"
  type                       = "replicated"
  pg_num                     = 4
  pgp_num                    = 4
  pg_autoscale_mode          = "off"
  size                       = 2
  min_size                   = 1
  crush_rule                 = "by-osd"
  pg_num_min                 = 2
  pg_num_max                 = 64
  target_size_bytes          = "1024M"
  quota_max_bytes            = "2GiB"
  quota_max_objects          = 1000
  compression_mode           = "passive"
  compression_algorithm      = "zstd"
  compression_required_ratio = 0.7
  compression_min_blob_size  = "8KiB"
  compression_max_blob_size  = "64KiB"
  bulk                       = true
  nodelete                   = true
  nosizechange               = true
  nopgchange                 = true
  applications               = ["rbd", "backup"]
  force_destroy              = true
  timeouts                   = { create = "5m", read = "2m", update = "5m", delete = "5m" }
}

resource "ceph_pool" "share" {
  name              = "share"
  target_size_ratio = 0.2
  bulk              = false
  nodelete          = false
}

resource "ceph_pool" "data" {
  name                 = "data"
  type                 = "erasure"
  erasure_code_profile = "k2m1"
  allow_ec_overwrites  = true
  applications         = ["rbd"]
}

# The CRUSH rule that came with it keeps the former name.
resource "ceph_pool" "archive" {
  name                 = var.renamed ? "archive" : "archive-before"
  erasure_code_profile = "k2m1"
}

import {
  to = ceph_pool.adopted
  id = "east/adopted"
}

resource "ceph_pool" "adopted" {
  cluster       = "east"
  name          = "adopted"
  applications  = ["rbd"]
  force_destroy = true
}

# Users

resource "ceph_user" "libvirt" {
  name = "libvirt"
  caps = {
    mon = "profile rbd"
    osd = "profile rbd pool=${ceph_pool.vms.name}"
  }
}

resource "ceph_user" "full" {
  cluster       = "east"
  name          = "full"
  key           = local.chosen_key
  key_in_state  = true
  key_type      = "aes"
  rotate_in_use = true
  caps = {
    mon = "profile rbd"
    osd = "profile rbd-read-only, allow rwx pool=vms"
    mgr = "profile rbd"
    mds = "allow r"
  }
  timeouts = { create = "5m", read = "2m", update = "5m", delete = "5m" }
}

resource "ceph_user" "written" {
  name           = "written"
  key_wo         = local.written_key
  key_wo_version = "first"
  key_in_state   = false
  caps           = { mon = "profile rbd", osd = "profile rbd" }
}

resource "ceph_user" "counted" {
  name           = "counted"
  key_generation = 7
  caps           = { mon = "allow r" }
}

import {
  to = ceph_user.adopted
  id = "east/adopted"
}

resource "ceph_user" "adopted" {
  cluster      = "east"
  name         = "adopted"
  key_in_state = false
  caps         = { mon = "profile rbd", osd = "profile rbd" }
}

# Images

resource "ceph_rbd_image" "disk" {
  for_each = toset(["plain", "full", "shared", "scsi", "cdrom", "transient"])
  pool     = ceph_pool.vms.name
  name     = each.key
  size     = "8MiB"
}

resource "ceph_rbd_image" "running" {
  pool = ceph_pool.vms.name
  name = var.renamed ? "running" : "running-before"
  size = "8MiB"
}

resource "ceph_rbd_image" "full" {
  cluster       = "east"
  pool          = ceph_pool.adopted.name
  namespace     = "tenant"
  name          = "full"
  size          = "16384K"
  features      = ["layering", "exclusive-lock", "object-map", "fast-diff"]
  object_size   = "1MiB"
  stripe_unit   = "64KiB"
  stripe_count  = 2
  data_pool     = ceph_pool.data.name
  metadata      = { owner = "billing", rack = "12" }
  config        = { rbd_qos_iops_limit = "100", rbd_cache = "false" }
  allow_shrink  = true
  force_destroy = true
  timeouts      = { create = "5m", read = "2m", update = "5m", delete = "5m" }
}

import {
  to = ceph_rbd_image.adopted
  id = "east/adopted/adopted"
}

resource "ceph_rbd_image" "adopted" {
  cluster  = "east"
  pool     = ceph_pool.adopted.name
  name     = "adopted"
  size     = "8MiB"
  metadata = { owner = "somebody" }
}

# Secrets

resource "libvirt_ceph_secret" "plain" {
  provider   = ceph
  usage_name = "client.libvirt"
  key        = ceph_user.libvirt.key
}

resource "libvirt_ceph_secret" "full" {
  provider       = ceph
  hypervisor     = "kvm1"
  usage_name     = "client.written"
  uuid           = "0A0B0C0D-2177-442d-8661-C785DF7F6230"
  description    = "Key of client.written"
  key_wo         = local.written_key
  key_wo_version = ceph_user.written.key_fingerprint
  timeouts       = { create = "5m", read = "2m", update = "5m", delete = "5m" }
}

resource "libvirt_ceph_secret" "private" {
  provider       = ceph
  usage_name     = "client.full"
  ephemeral      = true
  private        = true
  key_wo         = local.chosen_key
  key_wo_version = ceph_user.full.key_fingerprint
}

ephemeral "ceph_user_key" "adopted" {
  cluster = "east"
  entity  = ceph_user.adopted.entity
}

import {
  to = libvirt_ceph_secret.adopted
  id = "kvm1/1a1b1c1d-2177-442d-8661-c785df7f6230"
}

resource "libvirt_ceph_secret" "adopted" {
  provider       = ceph
  hypervisor     = "kvm1"
  usage_name     = "client.adopted"
  uuid           = "1a1b1c1d-2177-442d-8661-c785df7f6230"
  key_wo         = ephemeral.ceph_user_key.adopted.key
  key_wo_version = ceph_user.adopted.key_fingerprint
}

# Disks of a domain that is shut off

resource "libvirt_rbd_disk" "plain" {
  provider    = ceph
  domain      = "saved"
  pool        = ceph_rbd_image.disk["plain"].pool
  image       = ceph_rbd_image.disk["plain"].name
  user        = ceph_user.libvirt.name
  secret_uuid = libvirt_ceph_secret.plain.uuid
  target_dev  = "vdb"
}

resource "libvirt_rbd_disk" "full" {
  provider         = ceph
  hypervisor       = "kvm1"
  domain           = "5a5b5c5d-0000-4000-8000-000000000001"
  cluster          = "east"
  config_file      = "/dev/null"
  pool             = ceph_rbd_image.disk["full"].pool
  image            = ceph_rbd_image.disk["full"].name
  size             = ceph_rbd_image.disk["full"].size
  user             = ceph_user.libvirt.name
  secret_uuid      = libvirt_ceph_secret.plain.uuid
  target_dev       = "vdc"
  bus              = "virtio"
  device           = "disk"
  cache            = "none"
  discard          = "unmap"
  detect_zeroes    = "unmap"
  error_policy     = "report"
  iothread         = 1
  queues           = 2
  copy_on_read     = true
  read_only        = false
  serial           = "full-1"
  boot_order       = 1
  address          = { type = "pci", domain = "0x0000", bus = "0x00", slot = "0x12", function = "0x0" }
  attach_probe     = false
  on_source_change = "replace"
  iotune = {
    total_bytes_sec            = 10485760
    total_bytes_sec_max        = 20971520
    total_bytes_sec_max_length = 2
    total_iops_sec             = 100
    total_iops_sec_max         = 200
    total_iops_sec_max_length  = 3
    size_iops_sec              = 4096
    group_name                 = "disks"
  }
  timeouts = { create = "5m", read = "2m", update = "5m", delete = "5m" }
}

resource "libvirt_rbd_disk" "shared" {
  provider    = ceph
  domain      = "saved"
  monitors    = [{ host = var.monitor.host, port = var.monitor.port }]
  pool        = ceph_rbd_image.disk["shared"].pool
  image       = ceph_rbd_image.disk["shared"].name
  user        = ceph_user.full.name
  secret_uuid = libvirt_ceph_secret.private.uuid
  target_dev  = "vdd"
  cache       = "none"
  shareable   = true
}

resource "libvirt_rbd_disk" "scsi" {
  provider    = ceph
  domain      = "saved"
  cluster     = "east"
  pool        = ceph_rbd_image.disk["scsi"].pool
  image       = ceph_rbd_image.disk["scsi"].name
  user        = ceph_user.written.name
  secret_uuid = libvirt_ceph_secret.full.uuid
  target_dev  = "sda"
  bus         = "scsi"
  cache       = "directsync"
  io          = "native"
  wwn         = "5000C50015EA71AC"
  address     = { type = "drive", controller = "0", bus = "0", target = "0", unit = "3" }
}

resource "libvirt_rbd_disk" "snapshot" {
  provider    = ceph
  domain      = "saved"
  cluster     = "east"
  pool        = ceph_rbd_image.adopted.pool
  image       = ceph_rbd_image.adopted.name
  snapshot    = "first"
  user        = ceph_user.adopted.name
  secret_uuid = libvirt_ceph_secret.adopted.uuid
  target_dev  = "vde"
  read_only   = true
}

resource "libvirt_rbd_disk" "cdrom" {
  provider    = ceph
  domain      = "saved"
  cluster     = "east"
  pool        = ceph_rbd_image.disk["cdrom"].pool
  image       = ceph_rbd_image.disk["cdrom"].name
  user        = ceph_user.libvirt.name
  secret_uuid = libvirt_ceph_secret.plain.uuid
  target_dev  = "hdb"
  bus         = "ide"
  device      = "cdrom"
  read_only   = true
}

import {
  to = libvirt_rbd_disk.adopted
  id = "kvm1/saved/vdz"
}

resource "libvirt_rbd_disk" "adopted" {
  provider    = ceph
  domain      = "saved"
  cluster     = "east"
  pool        = ceph_rbd_image.adopted.pool
  image       = ceph_rbd_image.adopted.name
  user        = ceph_user.adopted.name
  secret_uuid = libvirt_ceph_secret.adopted.uuid
  target_dev  = "vdz"
  cache       = "writeback"
}

# Disks of domains that run. The first one opened its image by the former name.

resource "libvirt_rbd_disk" "running" {
  provider    = ceph
  domain      = "running"
  cluster     = "east"
  pool        = ceph_rbd_image.running.pool
  image       = ceph_rbd_image.running.name
  size        = ceph_rbd_image.running.size
  user        = ceph_user.libvirt.name
  secret_uuid = libvirt_ceph_secret.plain.uuid
  target_dev  = "vdb"
  iotune      = { read_iops_sec = 50 }
}

resource "libvirt_rbd_disk" "transient" {
  provider    = ceph
  domain      = "transient"
  cluster     = "east"
  pool        = ceph_rbd_image.disk["transient"].pool
  image       = ceph_rbd_image.disk["transient"].name
  user        = ceph_user.libvirt.name
  secret_uuid = libvirt_ceph_secret.plain.uuid
  target_dev  = "vdb"
  iotune = {
    read_bytes_sec             = 10485760
    read_bytes_sec_max         = 20971520
    read_bytes_sec_max_length  = 2
    write_bytes_sec            = 10485760
    write_bytes_sec_max        = 20971520
    write_bytes_sec_max_length = 2
    read_iops_sec              = 100
    read_iops_sec_max          = 200
    read_iops_sec_max_length   = 3
    write_iops_sec             = 100
    write_iops_sec_max         = 200
    write_iops_sec_max_length  = 3
  }
}
