variable "clusters" {
  description = "The Ceph clusters by label: their monitors, as mon_host in ceph.conf."
  type        = map(string)
}

variable "admin_keys" {
  description = "Key of client.admin by the cluster's label: ceph auth get-key client.admin"
  type        = map(string)
  sensitive   = true
  ephemeral   = true # kept out of the plan file too
}

variable "hypervisors" {
  description = "libvirt's connection URI of each hypervisor by its label, such as qemu+ssh://root@kvm1.example.net/system."
  type        = map(string)
}
