# The RBD disks of all domains of a host, by the ids under which they can be imported.
data "libvirt_domains" "all" {
  provider   = ceph
  hypervisor = "kvm1"
}

output "rbd_disks" {
  value = {
    for disk in flatten(data.libvirt_domains.all.domains[*].disks) : disk.id => disk.source
    if disk.id != null
  }
}
