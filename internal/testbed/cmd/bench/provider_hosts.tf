# The provider block of what needs a hypervisor.

variable "west" {
  type    = object({ mon_host = string })
  default = null
}

variable "west_key" {
  type      = string
  sensitive = true
  ephemeral = true
  default   = null
}

variable "uri" {
  type = string
}

provider "ceph" {
  clusters = merge(
    { east = { mon_host = var.mon_host, user = var.user, key = var.key } },
    var.west == null ? {} : { west = { mon_host = var.west.mon_host, user = "admin", key = var.west_key } },
  )
  hypervisors = {
    kvm1 = { uri = var.uri }
  }
}
