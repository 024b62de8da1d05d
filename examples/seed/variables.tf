variable "first" {
  description = "The cluster whose disk is opened by client.admin: monitors as mon_host in ceph.conf, and one by one as in the domain's XML."
  type = object({
    mon_host = string
    monitors = set(object({ host = string, port = number }))
  })
}

variable "second" {
  description = "The cluster whose disk is opened by client.libvirt, likewise."
  type = object({
    mon_host = string
    monitors = set(object({ host = string, port = number }))
  })
}

variable "first_admin_key" {
  description = "Key of client.admin on the first cluster: ceph auth get-key client.admin"
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "second_admin_key" {
  description = "Key of client.admin on the second cluster."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "hypervisor_uri" {
  description = "libvirt's connection URI of the hypervisor."
  type        = string
}

variable "domain" {
  description = "Name or UUID of the domain, of machine type pc. It may be shut off."
  type        = string
  default     = "centos80"
}

variable "pg_num" {
  description = "Placement groups of libvirt-pool. A small cluster refuses 128."
  type        = number
  default     = 128
}

variable "force_destroy" {
  description = "Whether what Terraform deletes goes with the data in it: for a trial only."
  type        = bool
  default     = false
}
