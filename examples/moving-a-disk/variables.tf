variable "clusters" {
  description = "The Ceph clusters by label: their monitors, as mon_host in ceph.conf."
  type = map(object({
    mon_host = string
  }))
}

variable "admin_keys" {
  description = "Key of client.admin by the cluster's label: ceph auth get-key client.admin"
  type        = map(string)
  sensitive   = true
  ephemeral   = true # kept out of the plan file too
}

variable "hypervisor_uri" {
  description = "libvirt's connection URI of the hypervisor, such as qemu+ssh://root@kvm1.example.net/system."
  type        = string
}

variable "domain" {
  description = "Name or UUID of the domain that has the disk. To have it copied, the domain has to run."
  type        = string
  default     = "centos80"
}

variable "image_size" {
  description = "Size of the image. It stays the same while the disk moves."
  type        = string
  default     = "30GiB"
}

variable "images_on" {
  description = "Labels of the clusters that have an image for the disk: the present one, and the next one while the disk moves."
  type        = set(string)
  default     = ["east"]
}

variable "lives_on" {
  description = "Label of the cluster that the guest reads and writes."
  type        = string
  default     = "east"
}
