//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// libvirt starts a disk that guests share without a cache as one with cache="none", and writes that into the running domain alone. It is
// neither a change that waits for the next start nor one that a transient domain can't have. An import of a transient domain's disk can't
// tell it from one that was asked for: then a configuration without it changes the state alone.
func TestAccLibvirtRBDDisk_unsetCacheOfSharedDisk(t *testing.T) {
	prepare(t)
	t.Parallel()
	for _, transient := range []bool{false, true} {
		name := fmt.Sprintf("shared-cache-%v", transient)
		running(t, "kvm1", testbed.GuestOptions{Name: name})
		if transient {
			acctest.Virsh(t, "kvm1", "undefine", name)
		}
		image(t, "east", name, "8M")
		data := fmt.Sprintf("data \"libvirt_domain\" \"test\" {\n  provider = ceph\n  hypervisor = \"kvm1\"\n  name = %q\n"+
			"  depends_on = [%s]\n}\n", name, address)
		config := acctest.Provider(t) + block(name, name, "shareable = true")
		none := acctest.Provider(t) + block(name, name, "shareable = true", `cache = "none"`)
		const listed = "data.libvirt_domain.test"
		seen := resource.ComposeAggregateTestCheckFunc(
			check(func() error {
				if live := diskOf(t, "kvm1", name, "vdb", false); live == nil || live.Driver.Cache != "none" {
					return fmt.Errorf("virsh dumpxml shows %s, want cache='none'", acctest.XML(t, live))
				}
				return nil
			}),
			attr("pending_restart", "false"), resource.TestCheckNoResourceAttr(address, "cache"),
			resource.TestCheckResourceAttr(listed, "disks.0.pending_restart", "false"),
		)
		var unlike []string
		if transient {
			unlike = []string{"cache"}
		}
		resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
			{Config: config + data, Check: seen},
			{Config: config, PlanOnly: true},
			{Config: config, ResourceName: address, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: unlike},
			{Config: none, Check: attr("pending_restart", "false")},
			{Config: none, PlanOnly: true},
			{Config: config, Check: attr("pending_restart", "false")},
		}})
	}
}
