//go:build cgo

package libvirtrbddisk_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// A disk whose monitors or cluster are named by ignore_changes keeps its cluster when something else is changed. Without a cluster in the
// configuration, that it would lose it is told.
func TestAccLibvirtRBDDisk_ignoreChanges(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "ignores"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	type labels = map[string]string
	disk := func(assignments ...string) string { return block(name, name, assignments...) }
	one := providerWith(t, labels{"east": "east"}, labels{"kvm1": "kvm1"})
	two := providerWith(t, labels{"east": "east", "west": "west"}, labels{"kvm1": "kvm1"})
	followed := attr("fsid", acctest.Bed(t).Cluster("east").FSID)
	const left = "cluster = null"
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: one + disk(left)},
		{Config: one + disk(`cluster = "east"`, `cache = "directsync"`, "lifecycle { ignore_changes = [monitors] }"), Check: followed},
		{Config: one + disk(left), Check: followed},
		{Config: two + disk(`cluster = "east"`, `cache = "none"`, "lifecycle { ignore_changes = [cluster] }"), Check: followed},
	}})

	w := acctest.NewWorkspaceOf(t, source+one+disk(left))
	w.Apply(t)
	w.Write(t, source+one+disk(left, "lifecycle { ignore_changes = [monitors] }", `cache = "none"`))
	if out := w.Terraform(t, "plan", "-input=false"); !acctest.Message("Where ignore_changes names monitors, set cluster").MatchString(out) {
		t.Errorf("the plan says:\n%s", out)
	}
	w.Destroy(t)
}
