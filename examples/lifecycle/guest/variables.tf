variable "mon_host" {
  description = "Monitors of the cluster, as mon_host in ceph.conf."
  type        = string
}

variable "admin_key" {
  description = "Key of client.admin: ceph auth get-key client.admin"
  type        = string
  sensitive   = true
  ephemeral   = true # give it in the environment, as TF_VAR_admin_key
}

variable "hypervisors" {
  description = "libvirt's connection URI by the hypervisor's label, such as qemu+ssh://root@kvm1.example.net/system."
  type        = map(string)
}

variable "generation" {
  description = "The generation of the user with which the guest opens its disks."
  type        = string
  default     = "1"
}
