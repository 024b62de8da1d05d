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

variable "hypervisor_uri" {
  description = "libvirt's connection URI of the hypervisor, such as qemu+ssh://root@kvm1.example.net/system."
  type        = string
}

variable "chunks" {
  description = "Into how many chunks an object is cut, and how many chunks of parity are added. So many failure domains can be lost."
  type        = object({ data = number, parity = number })
  default     = { data = 4, parity = 2 }
}

variable "failure_domain" {
  description = "What each chunk of an object has for itself: \"host\", or \"osd\" where the cluster has fewer hosts than chunks."
  type        = string
  default     = "host"
}

variable "guests" {
  description = "The sizes of the archive disks by the names of the guests' domains."
  type        = map(string)
  default     = { backup1 = "2TiB" }
}

variable "target_dev" {
  description = "The disks' target in the domains."
  type        = string
  default     = "vdb"
}
