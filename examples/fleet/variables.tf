variable "clusters" {
  description = "The monitors of each cluster, as mon_host in ceph.conf, by the cluster's label."
  type        = map(string)
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

variable "tenants" {
  description = "Each tenant by name: the clusters that it is on, and the hypervisors of its guests. A new `user`, with the one before among `former_users`, changes the key without a guest noticing."
  type = map(object({
    clusters     = set(string)
    hypervisors  = set(string)
    user         = optional(string) # default: the tenant's name
    former_users = optional(set(string), [])
  }))
  default = {
    web = { clusters = ["east", "west"], hypervisors = ["kvm1", "kvm2"] }
    db  = { clusters = ["west"], hypervisors = ["kvm2"] }
  }
}

variable "disks" {
  description = "Each disk by a key, which is its address in the state, `module.disk[\"KEY\"]`, and the name of its image where `image` gives no other. Another key without a moved block is another disk with an empty image; to rename an image, set `image`."
  type = map(object({
    image      = optional(string) # default: the key
    tenant     = string
    cluster    = string
    hypervisor = string
    domain     = string
    target_dev = string
    size       = string
  }))
  default = {
    web1-data = { tenant = "web", cluster = "east", hypervisor = "kvm1", domain = "web1", target_dev = "vdb", size = "1GiB" }
    web1-logs = { tenant = "web", cluster = "west", hypervisor = "kvm1", domain = "web1", target_dev = "vdc", size = "2GiB" }
    web2-data = { tenant = "web", cluster = "west", hypervisor = "kvm2", domain = "web2", target_dev = "vdb", size = "3GiB" }
    db1-data  = { tenant = "db", cluster = "west", hypervisor = "kvm2", domain = "db1", target_dev = "vdb", size = "4GiB" }
  }
}
