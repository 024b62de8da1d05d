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
  description = "Label of the hypervisor on which the domains are defined."
  type        = string
  default     = "kvm1"
}

variable "template_pool" {
  description = "The pool of the templates, which exists already."
  type        = string
  default     = "templates"
}

variable "templates" {
  description = "Template images that guests are made from. Each is made by hand and then left alone: rbd import debian.raw templates/debian-2026-05"
  type        = set(string)
  default     = ["debian-2026-05"]
}

variable "guests" {
  description = "Guests by the names of their domains: the template of the disk (null: none any more), its size, and whether it has all data itself."
  type        = map(object({ template = optional(string), size = string, flatten = optional(bool) }))
  default = {
    web1 = { template = "debian-2026-05", size = "20GiB" }
    web2 = { template = "debian-2026-05", size = "20GiB" }
  }
}

variable "target_dev" {
  description = "The disks' target in the domains."
  type        = string
  default     = "vda"
}
