variable "access" {
  description = "Where the image is, and who opens it: one entry of the output `access` of the module rbd-tenant, or the same written by hand."
  type = object({
    cluster      = string
    pool         = string
    user         = string
    secret_uuids = map(string)
  })
  nullable = false

  validation {
    condition     = alltrue([for word in [var.access.cluster, var.access.pool, var.access.user] : can(regex("^[^/@]+$", word))])
    error_message = "cluster, pool and user of access are names: not empty, and without slash and @."
  }
  validation {
    condition     = !startswith(var.access.user, "client.")
    error_message = "user of access is a name without \"client.\"."
  }
  validation {
    condition = alltrue([
      for uuid in values(var.access.secret_uuids) : can(regex("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", uuid))
    ])
    error_message = "secret_uuids of access holds UUIDs, as virsh secret-list shows them."
  }
}

variable "hypervisor" {
  description = "Label of the hypervisor, as in the provider block, that the domain is on. The user's secret has to be there: one of `access.secret_uuids`."
  type        = string
  nullable    = false

  validation {
    condition     = contains(keys(var.access.secret_uuids), var.hypervisor)
    error_message = "access has no secret on this hypervisor. Add its label to hypervisors of the tenant."
  }
}

variable "domain" {
  description = "Name or UUID of the domain that gets the disk. It may be running."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^/]+$", var.domain))
    error_message = "domain is a name or UUID, as virsh list shows it: not empty, and without a slash."
  }
}

variable "image" {
  description = "Name of the image. A new name renames it in place."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^/@]+$", var.image))
    error_message = "image is a name: not empty, and without slash and @. The pool is in access."
  }
}

variable "size" {
  description = "Size of the image, such as \"30GiB\". A larger one reaches a running guest in the same apply; a smaller one is refused."
  type        = string
  nullable    = false

  validation {
    condition     = can(provider::ceph::bytes(var.size))
    error_message = "size is a size with an IEC unit, such as \"30GiB\"."
  }
}

variable "parent" {
  description = "Snapshot that the image is made from, as a clone; `flatten` gives it all data itself. The tenant reads its pool: `read_only_pools` of the module rbd-tenant. Default: an empty image."
  type = object({
    pool      = string
    namespace = optional(string)
    image     = string
    snapshot  = string
    flatten   = optional(bool)
  })
  default = null
}

variable "target_dev" {
  description = "Name of the disk in the domain, such as \"vdb\"."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(vd|sd|hd)[a-z]{1,3}$", var.target_dev))
    error_message = "target_dev is a name such as \"vdb\" on bus virtio, \"sdb\" on scsi, sata and usb, or \"hdb\" on ide."
  }
}

variable "bus" {
  description = "Bus of the disk: `virtio`, `scsi`, `sata`, `usb` or `ide`. A running guest can't be given a disk on `sata` or `ide`."
  type        = string
  default     = "virtio"
  nullable    = false

  validation {
    condition     = contains(["virtio", "scsi", "sata", "usb", "ide"], var.bus)
    error_message = "bus is virtio, scsi, sata, usb or ide."
  }
}

variable "cache" {
  description = "Cache mode of the disk. Default: libvirt's."
  type        = string
  default     = null

  validation {
    condition     = var.cache == null || contains(["none", "writeback", "writethrough", "directsync", "unsafe"], coalesce(var.cache, "none"))
    error_message = "cache is none, writeback, writethrough, directsync or unsafe."
  }
}

variable "discard" {
  description = "What happens to blocks that the guest discards: `unmap` gives their space back to the cluster. Default: libvirt's."
  type        = string
  default     = null

  validation {
    condition     = var.discard == null || contains(["unmap", "ignore"], coalesce(var.discard, "unmap"))
    error_message = "discard is unmap or ignore."
  }
}

variable "config_file" {
  description = "Path, on the hypervisor, of the ceph.conf that QEMU reads for this disk. Where the hypervisor has an /etc/ceph/ceph.conf of another cluster, name one here, or \"/dev/null\"."
  type        = string
  default     = null

  validation {
    condition     = var.config_file == null || startswith(coalesce(var.config_file, "/"), "/")
    error_message = "config_file is an absolute path on the hypervisor."
  }
}

variable "force_destroy" {
  description = "Whether the image goes with what is in it. Has to be applied before the destroy that it is for."
  type        = bool
  default     = false
  nullable    = false
}
