resource "ceph_pool" "vms" {
  cluster      = "east"
  name         = "vms"
  applications = ["rbd"]
}

# client.libvirt, with what a hypervisor needs for the images of one pool.
resource "ceph_user" "libvirt" {
  cluster = "east"
  name    = "libvirt"
  caps = {
    mon = "profile rbd"
    osd = "profile rbd pool=${ceph_pool.vms.name}"
    mgr = "profile rbd pool=${ceph_pool.vms.name}"
  }
}
