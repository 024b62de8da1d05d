variable "clusters" {
  description = "The monitors of each cluster, as mon_host in ceph.conf, by the cluster's label."
  type        = map(string)
}

variable "disks" {
  description = "The disk's target in the guest, such as vdb, by the label of the cluster that it is on."
  type        = map(string)
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
  description = "Name or UUID of the domain that gets the disks. It may be running."
  type        = string
  default     = "centos80"
}

variable "image_size" {
  description = "Size of each image. A larger one reaches the running guest in the same apply."
  type        = string
  default     = "30GiB"
}

variable "force_destroy" {
  description = "Whether what Terraform deletes goes with the data in it: for a trial only."
  type        = bool
  default     = false
}
