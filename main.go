// Terraform-provider-ceph manages Ceph pools, users and images, and the libvirt secrets and disks that use them.
package main

import (
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/provider"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/serve"
)

// version is set by the build.
var version = "dev"

func main() { serve.Main(provider.New(version, rados.Dial)) }
