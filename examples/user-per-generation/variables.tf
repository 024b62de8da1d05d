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
  description = "libvirt's connection URI by the hypervisor's label: all hosts to which the guest may migrate."
  type        = map(string)
}

variable "hypervisor" {
  description = "Label of the hypervisor on which the domain is."
  type        = string
}

variable "domain" {
  description = "Name or UUID of the domain that gets the disk."
  type        = string
}

variable "pool" {
  description = "The image's pool, which exists already."
  type        = string
}

variable "image" {
  description = "The image, which exists already."
  type        = string
}

variable "generations" {
  description = "The generations that have a user: one, or the former and the next one."
  type        = set(string)
  default     = ["1"]
}

variable "generation" {
  description = "The generation with which guests open their disks from their next start on."
  type        = string
  default     = "1"
}
