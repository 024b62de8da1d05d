resource "ceph_pool" "adopted" {
  for_each                   = local.estate.pools
  cluster                    = each.value.cluster
  name                       = each.value.name
  type                       = each.value.type
  erasure_code_profile       = each.value.erasure_code_profile
  allow_ec_overwrites        = each.value.allow_ec_overwrites
  crush_rule                 = each.value.crush_rule
  size                       = each.value.size
  min_size                   = each.value.min_size
  pg_autoscale_mode          = each.value.pg_autoscale_mode
  pg_num                     = each.value.pg_autoscale_mode == "on" ? null : each.value.pg_num # left to the autoscaler
  pgp_num                    = each.value.pg_autoscale_mode == "on" ? null : each.value.pgp_num
  pg_num_min                 = each.value.pg_num_min
  pg_num_max                 = each.value.pg_num_max
  target_size_bytes          = each.value.target_size_bytes
  target_size_ratio          = each.value.target_size_ratio
  bulk                       = each.value.bulk
  quota_max_bytes            = each.value.quota_max_bytes
  quota_max_objects          = each.value.quota_max_objects
  compression_mode           = each.value.compression_mode
  compression_algorithm      = each.value.compression_algorithm
  compression_required_ratio = each.value.compression_required_ratio
  compression_min_blob_size  = each.value.compression_min_blob_size
  compression_max_blob_size  = each.value.compression_max_blob_size
  nodelete                   = each.value.nodelete
  nosizechange               = each.value.nosizechange
  nopgchange                 = each.value.nopgchange
  applications               = each.value.applications
  config                     = each.value.config
}

resource "ceph_user" "adopted" {
  for_each     = local.estate.users
  cluster      = each.value.cluster
  name         = each.value.name
  caps         = each.value.caps
  key_type     = each.value.key_type
  key_in_state = false
}

resource "ceph_rbd_image" "adopted" {
  for_each     = local.estate.images
  cluster      = each.value.cluster
  pool         = each.value.pool
  namespace    = each.value.namespace
  name         = each.value.name
  size         = each.value.size
  features     = each.value.features
  object_size  = each.value.object_size
  stripe_unit  = each.value.stripe_unit
  stripe_count = each.value.stripe_count
  data_pool    = each.value.data_pool
  metadata     = each.value.metadata
  config       = each.value.config
  parent       = each.value.parent # of a clone
}

resource "libvirt_ceph_secret" "adopted" {
  provider       = ceph
  for_each       = local.estate.secrets
  hypervisor     = each.value.hypervisor
  uuid           = each.value.uuid
  usage_name     = each.value.usage_name
  description    = each.value.description
  ephemeral      = each.value.ephemeral
  private        = each.value.private
  key_wo_version = each.value.key_wo_version # the value itself stays as it is
}

resource "libvirt_rbd_disk" "adopted" {
  provider      = ceph
  for_each      = local.estate.disks
  hypervisor    = each.value.hypervisor
  domain        = each.value.domain
  cluster       = each.value.cluster
  monitors      = each.value.monitors
  config_file   = each.value.config_file
  pool          = each.value.pool
  namespace     = each.value.namespace
  image         = each.value.image
  snapshot      = each.value.snapshot
  user          = each.value.user
  secret_uuid   = each.value.secret_uuid
  encryption    = each.value.encryption
  target_dev    = each.value.target_dev
  bus           = each.value.bus
  device        = each.value.device
  address       = each.value.address
  cache         = each.value.cache
  io            = each.value.io
  discard       = each.value.discard
  detect_zeroes = each.value.detect_zeroes
  error_policy  = each.value.error_policy
  iothread      = each.value.iothread
  queues        = each.value.queues
  queue_size    = each.value.queue_size
  copy_on_read  = each.value.copy_on_read
  read_only     = each.value.read_only
  shareable     = each.value.shareable
  serial        = each.value.serial
  wwn           = each.value.wwn
  vendor        = each.value.vendor
  product       = each.value.product
  blockio       = each.value.blockio
  rotation_rate = each.value.rotation_rate
  boot_order    = each.value.boot_order
  iotune        = each.value.iotune
}
