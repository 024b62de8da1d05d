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
    condition     = can(regex("^[^/]+$", var.access.cluster))
    error_message = "cluster of access is a key of clusters in the provider block: not empty, and without a slash."
  }
  validation {
    condition     = alltrue([for word in [var.access.pool, var.access.user] : can(regex("^[^/@]+$", word))])
    error_message = "pool and user of access are names: not empty, and without slash and @."
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
  description = "Size of the image, such as \"30GiB\". A larger one reaches a running guest in the same apply; a smaller one is refused. Default: that of `parent`; without a parent it is needed."
  type        = string
  default     = null

  validation {
    condition     = var.size == null ? var.parent != null : can(provider::ceph::bytes(var.size))
    error_message = "size is a size with an IEC unit, such as \"30GiB\". Only an image with a parent may leave it out."
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

variable "encryption" {
  description = "Encrypts a new image: `{}`, or with a format, `{ format = \"luks1\" }`. It needs a `passphrase`. The header takes the first 16MiB of `size`, 4MiB with luks1, and the guest sees a disk that is smaller by that. With a libvirt older than 11.3 the domain has to be shut off when it gets the disk. Default: not encrypted."
  type        = object({ format = optional(string, "luks2") })
  default     = null

  validation {
    condition     = var.encryption == null ? true : contains(["luks2", "luks1"], var.encryption.format)
    error_message = "format of encryption is luks2 or luks1."
  }
  validation {
    condition     = var.encryption == null || var.parent == null
    error_message = "encryption is for an image without a parent."
  }
}

variable "passphrase" {
  description = "Passphrase of an encrypted image, byte for byte: librbd writes the image's header with it, and each hypervisor of `access` has it in a secret. It is in no plan and no state. Who loses it loses the data, so keep it elsewhere too. An image keeps the one that it was made with; it is needed again when a hypervisor gets its secret."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = var.passphrase == null || var.encryption != null
    error_message = "The passphrase encrypts nothing as long as encryption is not set."
  }
}

variable "data_pool" {
  description = "Pool that holds the image's data, such as an erasure-coded one, where it is not the tenant's own pool. The tenant may write it: `data_pools` of the module rbd-tenant. Default: none."
  type        = string
  default     = null

  validation {
    condition     = var.data_pool == null || can(regex("^[^/@]+$", var.data_pool)) && var.data_pool != var.access.pool
    error_message = "data_pool is the name of a pool: not empty, without slash and @, and another one than that of access."
  }
}

variable "image_config" {
  description = "Settings of librbd for this image, such as `{ rbd_qos_iops_limit = \"500\" }`, whoever opens it; they win over those of its pool. A running guest has a limit at once. Default: none."
  type        = map(string)
  default     = null

  validation {
    condition     = var.image_config == null ? true : length(var.image_config) > 0
    error_message = "image_config holds a setting or more. Leave it out, or null, for none."
  }
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

variable "serial" {
  description = "Serial by which the guest finds the disk, as in /dev/disk/by-id/virtio-SERIAL: at most 20 characters, 36 on bus scsi. Default: none."
  type        = string
  default     = null

  validation {
    condition     = var.serial == null || can(regex("^[A-Za-z0-9_+. -]{1,36}$", var.serial))
    error_message = "serial is of letters, digits, spaces, and the characters _ + . -, at most 20 of them, 36 on bus scsi."
  }
}

variable "boot_order" {
  description = "Place of the disk in the order in which the guest's firmware tries its devices: 1 for the disk that it starts from. The domain must not have `<boot dev>` in its `<os>`. Default: none."
  type        = number
  default     = null
}

variable "cache" {
  description = "Cache mode of the disk. Default: libvirt's."
  type        = string
  default     = null

  validation {
    condition     = var.cache == null ? true : contains(["none", "writeback", "writethrough", "directsync", "unsafe"], var.cache)
    error_message = "cache is none, writeback, writethrough, directsync or unsafe."
  }
}

variable "discard" {
  description = "What happens to blocks that the guest discards: `unmap` gives their space back to the cluster. Default: libvirt's."
  type        = string
  default     = null

  validation {
    condition     = var.discard == null ? true : contains(["unmap", "ignore"], var.discard)
    error_message = "discard is unmap or ignore."
  }
}

variable "iothread" {
  description = "Number of the domain's I/O thread that serves the disk, on bus virtio. The domain has to have it. Default: none, so that QEMU's main thread does."
  type        = number
  default     = null
}

variable "iotune" {
  description = "Limits of the disk's throughput by libvirt's names, such as `{ total_iops_sec = 500, total_bytes_sec = 100000000 }`. A running guest has a change at once. Default: no limit."
  type = object({
    group_name                 = optional(string)
    size_iops_sec              = optional(number)
    total_bytes_sec            = optional(number)
    total_bytes_sec_max        = optional(number)
    total_bytes_sec_max_length = optional(number)
    total_iops_sec             = optional(number)
    total_iops_sec_max         = optional(number)
    total_iops_sec_max_length  = optional(number)
    read_bytes_sec             = optional(number)
    read_bytes_sec_max         = optional(number)
    read_bytes_sec_max_length  = optional(number)
    read_iops_sec              = optional(number)
    read_iops_sec_max          = optional(number)
    read_iops_sec_max_length   = optional(number)
    write_bytes_sec            = optional(number)
    write_bytes_sec_max        = optional(number)
    write_bytes_sec_max_length = optional(number)
    write_iops_sec             = optional(number)
    write_iops_sec_max         = optional(number)
    write_iops_sec_max_length  = optional(number)
  })
  default = null
}

variable "on_change" {
  description = "When a running guest gets a change of `cache`, `discard`, `serial`, `boot_order` and `iothread`: `next_boot`, or `reattach`, which takes the disk from the guest for a moment. Default: `next_boot`."
  type        = string
  default     = null

  validation {
    condition     = var.on_change == null ? true : contains(["next_boot", "reattach"], var.on_change)
    error_message = "on_change is next_boot or reattach."
  }
}

variable "config_file" {
  description = "Path, on the hypervisor, of the ceph.conf that QEMU reads for this disk. Where the hypervisor has an /etc/ceph/ceph.conf of another cluster, name one here, or \"/dev/null\"."
  type        = string
  default     = null

  validation {
    condition     = var.config_file == null ? true : startswith(var.config_file, "/")
    error_message = "config_file is an absolute path on the hypervisor."
  }
}

variable "force_destroy" {
  description = "Whether the image goes with what is in it. Has to be applied before the destroy that it is for."
  type        = bool
  default     = false
  nullable    = false
}

variable "trash" {
  description = "Removes the image by moving it to the trash of its pool, also with what is in it: `{}`, or with a time for which a plain purge leaves it, `{ delay = \"720h\" }`. Has to be applied before the destroy that it is for. Default: the image is deleted."
  type        = object({ delay = optional(string) })
  default     = null
}

variable "timeouts" {
  description = "How long the operations of the image and of the disk may take, such as `{ image = { create = \"2h\" } }` for a large parent that is flattened, or `{ disk = { delete = \"10m\" } }` for a guest that is slow to let its disk go. Default: ten minutes; for the detach of a disk three."
  type = object({
    image = optional(object({ create = optional(string), read = optional(string), update = optional(string), delete = optional(string) }))
    disk  = optional(object({ create = optional(string), read = optional(string), update = optional(string), delete = optional(string) }))
  })
  default = null
}
