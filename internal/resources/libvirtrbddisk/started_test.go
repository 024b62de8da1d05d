//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// The domain may be started or shut off between the plan and the change of its disk, as by a resource of the same apply.
func TestAccLibvirtRBDDisk_startedDuringApply(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "starts"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	uri := acctest.Bed(t).Hypervisor("kvm1").URI
	config := func(verb string, assignments ...string) string {
		return acctest.Provider(t) + fmt.Sprintf(`
resource "terraform_data" "power" {
  triggers_replace = %[1]q
  provisioner "local-exec" {
    command = "virsh -q -c '%[2]s' %[1]s %[3]s"
  }
}
`, verb, uri, name) + block(name, name, append(assignments, "depends_on = [terraform_data.power]")...)
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config("domstate"), Check: attr("live", "false")},
		{
			Config: config("start", `cache = "none"`),
			Check:  resource.ComposeTestCheckFunc(attr("live", "true"), attr("pending_restart", "true")),
		},
		{Config: config("destroy", `cache = "directsync"`)},
		{RefreshState: true, Check: attr("live", "false")},
		{
			PreConfig: func() { acctest.Virsh(t, "kvm1", "detach-disk", name, "vdb", "--config") },
			Config:    config("start", `cache = "none"`),
			Check:     resource.ComposeTestCheckFunc(attr("live", "true"), attr("persistent", "true")),
		},
	}})
}
