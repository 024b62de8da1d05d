# Ten disks for each guest; the first guests run.

locals {
  running = 4
}

resource "libvirt_rbd_disk" "many" {
  provider   = ceph
  count      = var.n
  hypervisor = "kvm1"
  domain = (
    floor(count.index / 10) < local.running ?
    "running-${floor(count.index / 10)}" : "stopped-${floor(count.index / 10) - local.running}"
  )
  cluster      = "east"
  pool         = "disks"
  image        = "disk-${count.index}"
  user         = "disks"
  secret_uuid  = "77085c23-2177-4420-a661-c785df7f6230"
  target_dev   = "vd${substr("bcdefghijk", count.index % 10, 1)}"
  attach_probe = false
}
