//go:build cgo

package cephrbdimage_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephRBDImage_leastCaps(t *testing.T) {
	as := func(operation string) string {
		caps := acctest.LeastCaps(t, imageType, operation, map[string]string{"POOL": "vms"})
		return acctest.ProviderAs(t, "east", "image-"+operation, caps)
	}
	pools(t)
	before := image("frugal", small)
	after := image("frugal-new", `size = "8MiB"`, `features = ["layering", "exclusive-lock"]`, `metadata = { owner = "somebody" }`)
	forced := strings.Replace(after, "size", "force_destroy = true\n  size", 1)
	reader := as("read")
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: as("create") + before},
		{Config: reader + before, PlanOnly: true},
		{
			Config: reader + before, ResourceName: address, ImportState: true, ImportStateId: "east/vms/frugal", ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"allow_shrink", "force_destroy"},
		},
		{
			Config: reader + after,
			ExpectError: acctest.Message(`The caps of client.image-read, the user that the provider connects with, don't allow this. Give` +
				` it the caps`),
		},
		{Config: as("update") + after, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate)},
		// With a snapshot: all pools are searched for its clones.
		{Config: as("update") + forced},
		{
			PreConfig: func() {
				rbd(t, "snap", "create", "--no-progress", "vms/frugal-new@before")
				rbd(t, "snap", "protect", "vms/frugal-new@before")
			},
			Config: as("delete") + forced, Destroy: true,
		},
	}})
	if exists(t, "frugal") || exists(t, "frugal-new") {
		t.Error("the image is still there")
	}
}

// A user with capabilities for one namespace manages the images in it.
func TestAccCephRBDImage_leastCapsInANamespace(t *testing.T) {
	pools(t)
	caps := acctest.LeastCaps(t, imageType, "create", map[string]string{"POOL": "vms"})
	caps["osd"] += " namespace=tenant"
	provider := acctest.ProviderAs(t, "east", "tenant", caps)
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: provider + image("theirs", small, `namespace = "tenant"`)},
		{
			Config:           provider + image("their-own", `size = "8MiB"`, `namespace = "tenant"`),
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
		},
		{
			Config:      provider + image("elsewhere", small, `namespace = "other"`),
			ExpectError: acctest.Message(`The caps of client.tenant, the user that the provider connects with, don't allow this.`),
		},
		// The former image is gone: a replacement deletes first.
		{Config: provider + image("their-own", small, `namespace = "tenant"`)},
	}})
	if left := images(t, "vms/tenant"); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
