//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func TestAccLibvirtRBDDisk_leastCaps(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "frugal"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "8M")
	with := func(user string, caps map[string]string) string {
		hypervisors := fmt.Sprintf("provider \"ceph\" {\n  hypervisors = { kvm1 = { uri = %q } }\n", acctest.Bed(t).Hypervisor("kvm1").URI)
		return strings.Replace(acctest.ProviderAs(t, "east", user, caps), "provider \"ceph\" {\n", hypervisors, 1)
	}
	as := func(operation string) string {
		return with("disk-"+operation, acctest.LeastCaps(t, diskType, operation, map[string]string{"POOL": pool}))
	}
	reader := as("read")
	before, after := block(name, name), block(name, name, `cache = "none"`)
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{
			Config: with("disk-blind", map[string]string{"mon": "allow r"}) + before,
			ExpectError: acctest.Message(`The caps of client.disk-blind, the user that the provider connects with, don't allow this. Give` +
				` it the caps`),
		},
		{Config: as("create") + before},
		{Config: reader + before, PlanOnly: true},
		{Config: reader + before, ResourceName: address, ImportState: true, ImportStateId: "kvm1/" + name + "/vdb", ImportStateVerify: true},
		{Config: as("update") + after, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate)},
		{Config: as("delete") + after, Destroy: true},
	}})
	if diskOf(t, "kvm1", name, "vdb", true) != nil {
		t.Error("the disk is still in the domain")
	}
}
