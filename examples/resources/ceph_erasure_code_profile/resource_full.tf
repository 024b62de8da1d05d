# Chunks on different racks, on hard disks only, with the parameters of the plugin clay, which repairs a chunk with less traffic.
resource "ceph_erasure_code_profile" "racks" {
  cluster = "east"
  name    = "racks"
  k       = 4
  m       = 2

  plugin      = "clay"
  stripe_unit = "4KiB"
  parameters = {
    d = "5"
  }

  crush_root           = "default"
  crush_failure_domain = "rack"
  crush_device_class   = "hdd"

  timeouts = {
    create = "1m"
  }
}
