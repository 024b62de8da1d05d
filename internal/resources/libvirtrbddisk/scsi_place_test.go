//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// The eighth target on bus scsi joins the controller that is there too: libvirt would plug in a second one, which takes a PCI port.
func TestAccLibvirtRBDDisk_manyOnOneController(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "scsi-eighth"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name, SCSI: true, SparePorts: -1})
	image(t, "east", name, "8M")
	config := acctest.Provider(t) + block(name, name, `bus = "scsi"`, `target_dev = "sdh"`)
	seen := check(func() error {
		for _, inactive := range []bool{true, false} {
			disk, doc := diskOf(t, "kvm1", name, "sdh", inactive), definition(t, "kvm1", name, inactive)
			if disk == nil || disk.Address == nil || disk.Address.Drive == nil || *disk.Address.Drive.Controller != 0 {
				return fmt.Errorf("saved %v: virsh dumpxml shows %s", inactive, acctest.XML(t, disk))
			}
			if controllers := strings.Count(acctest.XML(t, doc), `<controller type="scsi"`); controllers != 1 {
				return fmt.Errorf("saved %v: the domain has %d SCSI controllers", inactive, controllers)
			}
		}
		return sees(g, 8<<20)
	})
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config, Check: resource.ComposeAggregateTestCheckFunc(
			seen, attr("address.controller", "0"), attr("address.unit", "7"), attr("pending_restart", "false"),
		)},
		{Config: config, PlanOnly: true},
		{PreConfig: func() { powerCycle(t, g) }, Config: config, Check: seen},
	}})
}
