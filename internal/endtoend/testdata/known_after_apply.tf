# Every argument is known only once terraform_data.given is made, as where a module's caller computes it from something that the apply makes.

variable "monitor" {
  type = object({ host = string, port = number })
}

locals {
  later = terraform_data.given.output
}

resource "terraform_data" "given" {
  input = {
    label = "east"
    host  = "kvm1"
    yes   = true
    no    = false
    limit = "5m"
    rule  = { name = "late", failure_domain = "osd", root = "default", type = "replicated" }
    profile = {
      name           = "late"
      k              = 2
      m              = 1
      plugin         = "jerasure"
      technique      = "reed_sol_van"
      failure_domain = "osd"
      root           = "default"
      parameters     = {}
      stripe_unit    = "4KiB"
    }
    pool = {
      name         = "late"
      type         = "replicated"
      applications = ["rbd", "mine"]
      pg_num       = 4
      pgp_num      = 4
      size         = 1
      min_size     = 1
      mode         = "off"
      quota        = "1GiB"
      objects      = 1000
      alg          = "snappy"
      cmode        = "passive"
      ratio        = 0.875
      minb         = "8KiB"
      maxb         = "64KiB"
      tsize        = "1GiB"
      config       = { rbd_cache = "false" }
      pgmin        = 2
    }
    user = { name = "late", caps = { mon = "profile rbd", osd = "profile rbd pool=late" }, key_type = "aes", generation = 1 }
    image = {
      name         = "late"
      size         = "64MiB"
      features     = ["layering", "exclusive-lock"]
      object_size  = "1MiB"
      stripe_unit  = "64KiB"
      stripe_count = 4
      metadata     = { owner = "late" }
      config       = { rbd_cache = "false" }
    }
    snapshot = "before"
    clone    = { name = "clone", size = "128MiB" }
    secret   = { uuid = "6f1e5a10-1f6a-4dd7-9a4e-1d3a5a6f8b11", usage = "client.late", description = "late" }
    volume   = { uuid = "6f1e5a10-1f6a-4dd7-9a4e-1d3a5a6f8b12", volume = "late/volume", description = "late", version = "1" }
    tenant   = "tenant"
    crypt    = { name = "crypt", size = "64MiB", format = "luks2", version = "1" }
    disk = {
      domain     = "late"
      target     = "vdb"
      bus        = "virtio"
      serial     = "late"
      cache      = "none"
      io         = "threads"
      discard    = "unmap"
      zeroes     = "unmap"
      policy     = "stop"
      queues     = 2
      iops       = 100
      change     = "next_boot"
      source     = "refuse"
      probe      = true
      ro         = false
      device     = "disk"
      queue_size = 128
      monitor    = var.monitor
      block      = 512
    }
    second = { target = "vdc", bus = "virtio" }
  }
}

resource "ceph_crush_rule" "late" {
  cluster        = local.later.label
  name           = local.later.rule.name
  type           = local.later.rule.type
  failure_domain = local.later.rule.failure_domain
  root           = local.later.rule.root
  timeouts       = { create = local.later.limit }
}

resource "ceph_erasure_code_profile" "late" {
  cluster              = local.later.label
  name                 = local.later.profile.name
  k                    = local.later.profile.k
  m                    = local.later.profile.m
  plugin               = local.later.profile.plugin
  technique            = local.later.profile.technique
  crush_failure_domain = local.later.profile.failure_domain
  crush_root           = local.later.profile.root
  stripe_unit          = local.later.profile.stripe_unit
}

resource "ceph_pool" "late" {
  cluster                    = local.later.label
  name                       = local.later.pool.name
  type                       = local.later.pool.type
  applications               = local.later.pool.applications
  crush_rule                 = ceph_crush_rule.late.name
  pg_num                     = local.later.pool.pg_num
  pgp_num                    = local.later.pool.pgp_num
  pg_num_min                 = local.later.pool.pgmin
  size                       = local.later.pool.size
  min_size                   = local.later.pool.min_size
  pg_autoscale_mode          = local.later.pool.mode
  quota_max_bytes            = local.later.pool.quota
  quota_max_objects          = local.later.pool.objects
  compression_algorithm      = local.later.pool.alg
  compression_mode           = local.later.pool.cmode
  compression_required_ratio = local.later.pool.ratio
  compression_min_blob_size  = local.later.pool.minb
  compression_max_blob_size  = local.later.pool.maxb
  target_size_bytes          = local.later.pool.tsize
  config                     = local.later.pool.config
  force_destroy              = local.later.yes
  nodelete                   = local.later.no
  nopgchange                 = local.later.no
  nosizechange               = local.later.no
  timeouts                   = { create = local.later.limit }
}

resource "ceph_user" "late" {
  cluster        = local.later.label
  name           = local.later.user.name
  caps           = local.later.user.caps
  key_type       = local.later.user.key_type
  key_generation = local.later.user.generation
  key_in_state   = local.later.yes
  rotate_in_use  = local.later.yes
}

resource "ceph_rbd_namespace" "late" {
  cluster = local.later.label
  pool    = ceph_pool.late.name
  name    = local.later.tenant
}

resource "ceph_rbd_image" "late" {
  cluster       = local.later.label
  pool          = ceph_pool.late.name
  name          = local.later.image.name
  size          = local.later.image.size
  features      = local.later.image.features
  object_size   = local.later.image.object_size
  stripe_unit   = local.later.image.stripe_unit
  stripe_count  = local.later.image.stripe_count
  metadata      = local.later.image.metadata
  config        = local.later.image.config
  allow_shrink  = local.later.no
  force_destroy = local.later.yes
}

resource "ceph_rbd_image" "tenant" {
  cluster   = local.later.label
  pool      = ceph_pool.late.name
  namespace = ceph_rbd_namespace.late.name
  name      = local.later.image.name
  size      = local.later.image.size
}

resource "ceph_rbd_snapshot" "late" {
  cluster   = local.later.label
  pool      = ceph_rbd_image.late.pool
  image     = ceph_rbd_image.late.name
  name      = local.later.snapshot
  protected = local.later.yes
}

resource "ceph_rbd_image" "clone" {
  cluster = local.later.label
  pool    = ceph_pool.late.name
  name    = local.later.clone.name
  size    = local.later.clone.size
  parent  = { pool = ceph_rbd_snapshot.late.pool, image = ceph_rbd_snapshot.late.image, snapshot = ceph_rbd_snapshot.late.name, flatten = local.later.no }
}

resource "ceph_rbd_image" "crypt" {
  cluster = local.later.label
  pool    = ceph_pool.late.name
  name    = local.later.crypt.name
  size    = local.later.crypt.size
  encryption = {
    format                = local.later.crypt.format
    passphrase_wo         = "a passphrase of a test"
    passphrase_wo_version = local.later.crypt.version
  }
}

resource "libvirt_ceph_secret" "late" {
  provider    = ceph
  hypervisor  = local.later.host
  uuid        = local.later.secret.uuid
  usage_name  = local.later.secret.usage
  description = local.later.secret.description
  key         = ceph_user.late.key
  ephemeral   = local.later.no
  private     = local.later.no
}

resource "libvirt_volume_secret" "late" {
  provider              = ceph
  hypervisor            = local.later.host
  uuid                  = local.later.volume.uuid
  volume                = local.later.volume.volume
  description           = local.later.volume.description
  passphrase_wo         = "a passphrase of a test"
  passphrase_wo_version = local.later.volume.version
  ephemeral             = local.later.no
  private               = local.later.yes
}

resource "libvirt_rbd_disk" "late" {
  provider         = ceph
  hypervisor       = local.later.host
  domain           = local.later.disk.domain
  cluster          = local.later.label
  pool             = ceph_rbd_image.late.pool
  image            = ceph_rbd_image.late.name
  size             = ceph_rbd_image.late.size
  user             = ceph_user.late.name
  secret_uuid      = libvirt_ceph_secret.late.uuid
  target_dev       = local.later.disk.target
  bus              = local.later.disk.bus
  device           = local.later.disk.device
  serial           = local.later.disk.serial
  cache            = local.later.disk.cache
  io               = local.later.disk.io
  discard          = local.later.disk.discard
  detect_zeroes    = local.later.disk.zeroes
  error_policy     = local.later.disk.policy
  queues           = local.later.disk.queues
  queue_size       = local.later.disk.queue_size
  iotune           = { total_iops_sec = local.later.disk.iops }
  blockio          = { logical_block_size = local.later.disk.block, physical_block_size = local.later.disk.block }
  on_change        = local.later.disk.change
  on_source_change = local.later.disk.source
  attach_probe     = local.later.disk.probe
  read_only        = local.later.disk.ro
  shareable        = local.later.no
  copy_on_read     = local.later.no
  monitors         = [local.later.disk.monitor]
}

resource "libvirt_rbd_disk" "second" {
  provider    = ceph
  hypervisor  = local.later.host
  domain      = local.later.disk.domain
  cluster     = local.later.label
  pool        = ceph_rbd_image.crypt.pool
  image       = ceph_rbd_image.crypt.name
  user        = ceph_user.late.name
  secret_uuid = libvirt_ceph_secret.late.uuid
  target_dev  = local.later.second.target
  bus         = local.later.second.bus
}
