variable "name" {
  description = "Name of the tenant: of its pool on every cluster, and of its user where `user` names no other."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]*$", var.name))
    error_message = "The name is of letters, digits, dots, hyphens and underscores, and begins with neither a dot nor a hyphen."
  }
}

variable "user" {
  description = "Name of the user that the disks are opened with, without \"client.\". Another one for each generation of keys lets guests go over one by one: see `former_users`. Default: `name`."
  type        = string
  default     = null

  validation {
    condition = var.user == null ? true : (
      can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]*$", var.user)) && !startswith(var.user, "client.")
    )
    error_message = "user is of letters, digits, dots, hyphens and underscores, begins with neither a dot nor a hyphen, and has no \"client.\"."
  }
}

variable "former_users" {
  description = "Users that the disks were opened with before: they keep their keys and secrets beside `user` until no guest needs them any more."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.former_users : can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]*$", name)) && !startswith(name, "client.")])
    error_message = "former_users holds names as user does."
  }
  validation {
    condition     = !contains(var.former_users, var.user == null ? var.name : var.user)
    error_message = "former_users holds the user that the disks are opened with now. Name the next one in user."
  }
}

variable "clusters" {
  description = "Labels of the clusters, as in the provider block, that the tenant is on."
  type        = set(string)
  nullable    = false

  validation {
    condition     = alltrue([for label in var.clusters : can(regex("^[^/]+$", label))])
    error_message = "A label of a cluster is a key of clusters in the provider block: not empty, and without a slash."
  }
}

variable "hypervisors" {
  description = "Labels of the hypervisors, as in the provider block, that get the user's key: all to which a guest of the tenant may migrate."
  type        = set(string)
  nullable    = false

  validation {
    condition     = alltrue([for label in var.hypervisors : can(regex("^[^/]+$", label))])
    error_message = "A label of a hypervisor is a key of hypervisors in the provider block: not empty, and without a slash."
  }
}

variable "read_only_pools" {
  description = "Further pools whose images the tenant may read: those of the parents of its clones. They exist on every cluster of the tenant."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = !contains(var.read_only_pools, var.name)
    error_message = "The tenant's own pool is written, so it can't be among read_only_pools."
  }
}

variable "data_pools" {
  description = "Further pools that the tenant's images may keep their data in, such as erasure-coded ones: `data_pool` of the module rbd-disk. They exist on every cluster of the tenant. Tenants that share one can read and overwrite each other's data in it."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = !contains(var.data_pools, var.name)
    error_message = "The tenant's own pool holds data anyway, so it can't be among data_pools."
  }
}

variable "crush_rule" {
  description = "Name of the CRUSH rule that places the data of each pool, such as one for SSDs. It exists on every cluster of the tenant. Another one moves the data. Default: the cluster's."
  type        = string
  default     = null

  validation {
    condition     = var.crush_rule != ""
    error_message = "crush_rule is the name of a rule. Leave it out, or null, for the cluster's."
  }
}

variable "config" {
  description = "Settings of librbd for all images of each pool, such as `{ rbd_qos_iops_limit = \"5000\" }`. Default: none."
  type        = map(string)
  default     = null

  validation {
    condition     = var.config == null ? true : length(var.config) > 0
    error_message = "config holds a setting or more. Leave it out, or null, for none."
  }
}

variable "quota_max_bytes" {
  description = "How much each pool may hold, such as \"500GiB\". Default: no limit."
  type        = string
  default     = null

  validation {
    condition     = var.quota_max_bytes == null || can(provider::ceph::bytes(var.quota_max_bytes))
    error_message = "quota_max_bytes is a size with an IEC unit, such as \"500GiB\"."
  }
}

variable "key_generation" {
  description = "Raise it by one to give the user, and each of `former_users`, a new key on every cluster, and every secret with it. Refused while a guest has a disk open, unless `rotate_in_use`."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.key_generation >= 1 && floor(var.key_generation) == var.key_generation
    error_message = "key_generation is a whole number from 1 on."
  }
}

variable "rotate_in_use" {
  description = "Whether `key_generation` may be raised while a guest has a disk open. Such a guest loses its disks once its connections break, an hour later or more, until it is started again."
  type        = bool
  default     = false
  nullable    = false
}

variable "force_destroy" {
  description = "Whether a pool goes with all images in it. Has to be applied before the destroy that it is for."
  type        = bool
  default     = false
  nullable    = false
}
