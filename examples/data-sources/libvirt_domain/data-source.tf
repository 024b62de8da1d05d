# A domain that somebody else manages: what disks it has, and how many more can be plugged in.
data "libvirt_domain" "web" {
  provider   = ceph
  hypervisor = "kvm1"
  name       = "centos80"
}

output "web_targets" {
  value = data.libvirt_domain.web.disks[*].target_dev
}
