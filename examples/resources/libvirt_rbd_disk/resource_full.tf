resource "ceph_rbd_image" "logs" {
  cluster = "east"
  pool    = ceph_pool.vms.name
  name    = "logs"
  size    = "10GiB"
}

# A disk with its driver tuned, its throughput limited, and a serial by which the guest finds it.
resource "libvirt_rbd_disk" "logs" {
  provider    = ceph
  hypervisor  = "kvm1"
  domain      = "centos80"
  cluster     = "east"
  pool        = ceph_rbd_image.logs.pool
  image       = ceph_rbd_image.logs.name
  size        = ceph_rbd_image.logs.size
  user        = ceph_user.libvirt.name
  secret_uuid = libvirt_ceph_secret.libvirt.uuid
  target_dev  = "vdc"
  bus         = "virtio"
  serial      = "logs"

  config_file   = "/dev/null" # not the hypervisor's own ceph.conf
  cache         = "none"
  io            = "threads"
  discard       = "unmap"
  detect_zeroes = "unmap"
  error_policy  = "stop"

  iotune = {
    total_iops_sec  = 500
    read_bytes_sec  = 104857600
    write_bytes_sec = 52428800
  }

  on_change        = "reattach" # a running guest gets changed settings at once, and loses the disk for a moment
  on_source_change = "refuse"

  timeouts = {
    delete = "5m"
  }
}
