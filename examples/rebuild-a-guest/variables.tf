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

variable "hypervisor" {
  description = "Label of the hypervisor on which the domain is defined."
  type        = string
  default     = "kvm1"
}

variable "pool" {
  description = "The pool, which exists already."
  type        = string
  default     = "web"
}

variable "user" {
  description = "The cephx user, which exists already, with a secret on each hypervisor."
  type        = string
  default     = "web-1"
}

variable "disks" {
  description = "The guest's disks by name: the size of the image, and the disk's target in the domain."
  type        = map(object({ size = string, target_dev = string }))
  default = {
    data = { size = "1GiB", target_dev = "vdb" }
    logs = { size = "2GiB", target_dev = "vdc" }
  }
}
