variable "clusters" {
  description = "The Ceph clusters by label: their monitors, as mon_host in ceph.conf, and the disk's target in the guest."
  type = map(object({
    mon_host   = string
    target_dev = string
  }))
}

variable "admin_keys" {
  description = "Key of client.admin by the cluster's label: ceph auth get-key client.admin"
  type        = map(string)
  sensitive   = true
  ephemeral   = true # kept out of the plan file too; give it in the environment, as TF_VAR_admin_keys
}

variable "hypervisors" {
  description = "libvirt's connection URI by the hypervisor's label, such as qemu+ssh://root@kvm1.example.net/system."
  type        = map(string)
}

variable "hypervisor" {
  description = "Label of the hypervisor on which the domain is."
  type        = string
}

variable "domain" {
  description = "Name or UUID of the domain that gets the disks."
  type        = string
}

variable "key_generation" {
  description = "Raise it to give every user a new key. Refused while a guest has a disk open as the user."
  type        = number
  default     = 1
}

variable "force_destroy" {
  description = "Whether what Terraform deletes goes with the data in it: for a trial only."
  type        = bool
  default     = false
}
