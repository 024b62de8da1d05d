//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// providerWith is a provider block with labels of its own for clusters and hypervisors of the bed.
func providerWith(t *testing.T, clusters, hypervisors map[string]string) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("provider \"ceph\" {\n  clusters = {\n")
	for label, name := range clusters {
		c := acctest.Bed(t).Cluster(name)
		fmt.Fprintf(&text, "    %s = { mon_host = %q, key = %q }\n", label, c.MonHost, c.AdminKey)
	}
	text.WriteString("  }\n  hypervisors = {\n")
	for label, name := range hypervisors {
		fmt.Fprintf(&text, "    %s = { uri = %q }\n", label, acctest.Bed(t).Hypervisor(name).URI)
	}
	return text.String() + "  }\n}\n"
}

// Another label for the same cluster or host touches nothing, and a label that leads to another one is refused.
func TestAccLibvirtRBDDisk_labels(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "labels"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	image(t, "west", name, "16M")
	type labels = map[string]string
	disk := func(assignments ...string) string { return block(name, name, assignments...) }
	renamed := disk(`cluster = "orient"`, `hypervisor = "host1"`)
	var before string
	definitions := func() string {
		return acctest.Virsh(t, "kvm1", "dumpxml", name) + acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive")
	}
	untouched := check(func() error {
		if after := definitions(); after != before {
			return fmt.Errorf("the domain was changed:\n%s\nbefore:\n%s", after, before)
		}
		return sees(g, 16<<20)
	})
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: providerWith(t, labels{"east": "east", "west": "west"}, labels{"kvm1": "kvm1"}) + disk()},
		{
			PreConfig: func() { before = definitions() },
			Config:    providerWith(t, labels{"orient": "east"}, labels{"host1": "kvm1"}) + renamed,
			Check: resource.ComposeTestCheckFunc(attr("cluster", "orient"), attr("hypervisor", "host1"), attr("id", "host1/labels/vdb"),
				untouched),
		},
		{
			Config:      providerWith(t, labels{"orient": "west"}, labels{"host1": "kvm1"}) + renamed,
			ExpectError: acctest.Message(`The label "orient" now leads to another cluster`),
		},
		{
			Config:      providerWith(t, labels{"orient": "east"}, labels{"host1": "kvm2", "host2": "kvm1"}) + renamed,
			ExpectError: acctest.Message(`The label "host1" now leads to another hypervisor`),
		},
		{
			// Another cluster is another image, whatever its name.
			Config: providerWith(t, labels{"orient": "east", "west": "west"}, labels{"host1": "kvm1"}) +
				disk(`cluster = "west"`, `hypervisor = "host1"`, fmt.Sprintf("secret_uuid = %q", westSecret)),
			ExpectError: regexp.MustCompile(`can't\s+be\s+changed\s+from`),
		},
		{
			Config: providerWith(t, labels{"orient": "east"}, labels{"host1": "kvm1"}) + renamed,
			Check:  untouched,
		},
	}})
}

// While the provider block is known only after the apply the disk is kept as it is, with a warning. Whether another name means another
// domain can't be told then.
func TestAccLibvirtRBDDisk_providerUnknown(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "unknown"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	east, kvm1 := acctest.Bed(t).Cluster("east"), acctest.Bed(t).Hypervisor("kvm1")
	config := func(generation, domain string) string {
		return fmt.Sprintf(source+`resource "terraform_data" "made" {
  input            = { key = %q, uri = %q }
  triggers_replace = %q
}
provider "ceph" {
  clusters    = { east = { mon_host = %q, key = terraform_data.made.output.key } }
  hypervisors = { kvm1 = { uri = terraform_data.made.output.uri } }
}
`, east.AdminKey, kvm1.URI, generation, east.MonHost) + block(domain, name)
	}
	w := acctest.NewWorkspaceOf(t, config("1", name))
	w.Apply(t)
	before := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive")
	w.Write(t, config("2", name))
	out := w.Apply(t)
	if !strings.Contains(out, "State kept without refresh") || !strings.Contains(out, "1 added, 0 changed, 1 destroyed") {
		t.Errorf("more than the key was replaced, or no warning:\n%s", out)
	}
	if after := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive"); after != before {
		t.Errorf("the domain was changed:\n%s", after)
	}
	w.ExpectEmptyPlan(t)

	const renamed = "unknown-renamed"
	acctest.Virsh(t, "kvm1", "domrename", name, renamed)
	w.Write(t, config("3", renamed))
	if out, err := w.Try(t, "plan", "-input=false"); err == nil || !acctest.Message(`the settings of hypervisor "kvm1"`).MatchString(out) {
		t.Errorf("a domain's new name is planned without its hypervisor: %v\n%s", err, out)
	}
	w.Write(t, config("2", renamed))
	if out := w.Apply(t); !strings.Contains(out, "0 added, 1 changed, 0 destroyed") {
		t.Errorf("a domain's new name replaces the disk:\n%s", out)
	}
	w.Destroy(t)
}
