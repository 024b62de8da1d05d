//go:build cgo

package cephrbdsnapshot_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// A snapshot that a domain reads is not removed, also while the domain is shut off. One that reads the image itself doesn't matter.
func TestAccCephRBDSnapshot_namedByADomain(t *testing.T) {
	images(t)
	monitor := acctest.Bed(t).Cluster("east").Monitors[0]
	define := func(name, snapshot string) {
		acctest.VirshIn(t, "kvm1", fmt.Sprintf(`<domain type='qemu'><name>%s</name><memory unit='MiB'>16</memory><os><type arch='x86_64'`+
			` machine='pc'>hvm</type></os><devices><disk type='network' device='disk'><source protocol='rbd' name='vms/data'><host name='%s'`+
			` port='%d'/>%s</source><target dev='vda' bus='virtio'/><readonly/></disk></devices></domain>`, name, monitor.Host, monitor.V1Port,
			snapshot), "define", "/dev/stdin")
	}
	provider := acctest.Provider(t)
	config := provider + snapshot("read")
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config},
		{
			PreConfig: func() { define("whole", ""); define("reader", `<snapshot name='read'/>`) },
			Config:    config, Destroy: true,
			ExpectError: acctest.Message(`Snapshot vms/data@read on cluster "east" is named by reader on kvm1 (vda).`),
		},
		{
			PreConfig: func() {
				if find(t, "read").Name == "" {
					t.Error("the snapshot is gone")
				}
				acctest.Virsh(t, "kvm1", "undefine", "reader")
			},
			Config: config, Destroy: true,
		},
	}})
	acctest.Virsh(t, "kvm1", "undefine", "whole")
	if left := names(t, ""); left != "" {
		t.Errorf("left: %s", left)
	}
}
