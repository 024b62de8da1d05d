# Five disks for each of the guests that run.

variable "probe" {
  type = bool
}

resource "libvirt_rbd_disk" "many" {
  provider     = ceph
  count        = var.n
  hypervisor   = "kvm1"
  domain       = "running-${floor(count.index / 5)}"
  cluster      = "east"
  pool         = "disks"
  image        = "disk-${count.index}"
  user         = "disks"
  secret_uuid  = "77085c23-2177-4420-a661-c785df7f6230"
  target_dev   = "vd${substr("bcdef", count.index % 5, 1)}"
  attach_probe = var.probe
}
