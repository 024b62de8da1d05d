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
	with := func(user string, caps map[string]string) string { return providerAs(t, user, caps) }
	as := func(operation string) string { return with("disk-"+operation, leastCaps(t, operation)) }
	reader := as("read")
	before, after := block(name, name), block(name, name, `cache = "none"`)
	// OSDs of newer releases don't refuse this, but leave it without an answer, so it runs in a process of its own.
	blind := acctest.NewWorkspaceOf(t, source+with("disk-blind", map[string]string{"mon": "allow r"})+before)
	out, err := blind.Try(t, "apply", "-auto-approve", "-input=false")
	if err == nil || !acctest.Message("The caps of client.disk-blind, the user that the provider connects with, don't allow this. Give it"+
		" the caps").MatchString(out) &&
		!acctest.Message("(ceph auth get client.disk-blind): without any").MatchString(out) {
		t.Errorf("caps for monitors alone: %v\n%s", err, out)
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
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

// A copy needs one capability more, and says so before anything is copied.
func TestAccLibvirtRBDDisk_leastCapsOfACopy(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "frugal-copy"
	running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "8M")
	image(t, "east", name+"-next", "8M")
	reader := providerAs(t, "copy-create", leastCaps(t, "create"))
	before, after := block(name, name), block(name, name+"-next", `on_source_change = "live_copy"`)
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: reader + before},
		{Config: reader + after, ExpectError: acctest.Message(`Unable to change the metadata of image libvirt-pool/frugal-copy-next`)},
		{
			Config: providerAs(t, "copy-copy", leastCaps(t, "copy")) + after, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: check(func() error {
				if disk := diskOf(t, "kvm1", name, "vdb", false); disk.Mirror != nil || disk.Source.Network.Name != pool+"/"+name+"-next" {
					return fmt.Errorf("the guest has %+v", disk.Source.Network)
				}
				return nil
			}),
		},
		{Config: reader + after, PlanOnly: true},
	}})
}

// leastCaps are what the guide states for an operation on a disk whose image is in pool.
func leastCaps(t *testing.T, operation string) map[string]string {
	t.Helper()
	return acctest.LeastCaps(t, diskType, operation, map[string]string{"POOL": pool})
}

// providerAs is the provider block with a user of cluster east that has these capabilities, and with kvm1.
func providerAs(t *testing.T, user string, caps map[string]string) string {
	t.Helper()
	hypervisors := fmt.Sprintf("provider \"ceph\" {\n  hypervisors = { kvm1 = { uri = %q } }\n", acctest.Bed(t).Hypervisor("kvm1").URI)
	return strings.Replace(acctest.ProviderAs(t, "east", user, caps), "provider \"ceph\" {\n", hypervisors, 1)
}
