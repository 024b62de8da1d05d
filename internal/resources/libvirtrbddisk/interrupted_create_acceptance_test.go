//go:build cgo

package libvirtrbddisk_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// A disk that an interrupted create has left is taken over.
func TestAccLibvirtRBDDisk_interruptedCreate(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "adopted"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	config := acctest.Provider(t) + block(name, name)
	forgotten := acctest.Provider(t) + "removed {\n  from = " + address + "\n  lifecycle {\n    destroy = false\n  }\n}\n"
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config},
		{Config: forgotten},
		{
			PreConfig: func() { acctest.Virsh(t, "kvm1", "detach-disk", name, "vdb", "--config") },
			Config:    config, ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
			Check: resource.ComposeAggregateTestCheckFunc(attr("live", "true"), attr("persistent", "true"),
				check(func() error { return sees(g, 16<<20) })),
		},
	}})
}
