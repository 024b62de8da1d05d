//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// source tells Terraform where the provider comes from, which the tests within this process don't need.
const source = "terraform {\n  required_providers {\n    ceph = { source = \"ceph-libvirt/ceph\" }\n  }\n}\n"

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

// A pool that was renamed while the domain is shut off holds the same images: the saved definition is rewritten, and the
// next start finds the image.
func TestAccLibvirtRBDDisk_poolRenamed(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "pool-renamed"
	g := guest(t, "kvm1", testbed.GuestOptions{Name: name})
	preparePool(t, "east", "former")
	acctest.RBD(t, "east", "create", "--size", "16M", "former/"+name)
	config := func(pool string) string {
		return acctest.Provider(t) + block(name, name, fmt.Sprintf("pool = %q", pool))
	}
	var imageID string
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config("former"), Check: resource.TestCheckResourceAttrWith(address, "image_id", func(id string) error {
			imageID = id
			return nil
		})},
		{
			PreConfig: func() { acctest.Ceph(t, "east", "osd", "pool", "rename", "former", "latter") },
			Config:    config("former"), ConfigPlanChecks: planned(plancheck.ResourceActionNoop),
		},
		{
			Config: config("latter"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeTestCheckFunc(
				resource.TestCheckResourceAttrWith(address, "image_id", func(id string) error {
					if id != imageID {
						return fmt.Errorf("the image was %s and is %s", imageID, id)
					}
					return nil
				}),
				check(func() error {
					if got := diskOf(t, "kvm1", name, "vdb", true).Source.Network.Name; got != "latter/"+name {
						return fmt.Errorf("the saved definition names %s", got)
					}
					return nil
				}),
			),
		},
		{
			PreConfig: func() {
				if err := g.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
			},
			Config: config("latter"), ConfigPlanChecks: planned(plancheck.ResourceActionNoop), Check: check(func() error { return sees(g, 16<<20) }),
		},
	}})
}

// A label is only a label: another one for the same cluster and host touches nothing, and one that leads elsewhere is refused.
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

// A provider block whose settings are known only after apply keeps the disk as it is, with a warning, and nothing happens to it.
func TestAccLibvirtRBDDisk_providerUnknown(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "unknown"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	east, kvm1 := acctest.Bed(t).Cluster("east"), acctest.Bed(t).Hypervisor("kvm1")
	config := func(generation string) string {
		return fmt.Sprintf(source+`resource "terraform_data" "made" {
  input            = { key = %q, uri = %q }
  triggers_replace = %q
}
provider "ceph" {
  clusters    = { east = { mon_host = %q, key = terraform_data.made.output.key } }
  hypervisors = { kvm1 = { uri = terraform_data.made.output.uri } }
}
`, east.AdminKey, kvm1.URI, generation, east.MonHost) + block(name, name)
	}
	w := acctest.NewWorkspaceOf(t, config("1"))
	w.Apply(t)
	before := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive")
	w.Write(t, config("2"))
	out := w.Apply(t)
	if !strings.Contains(out, "State kept without refresh") || !strings.Contains(out, "1 added, 0 changed, 1 destroyed") {
		t.Errorf("more than the key was made anew, or no warning:\n%s", out)
	}
	if after := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive"); after != before {
		t.Errorf("the domain was changed:\n%s", after)
	}
	w.ExpectEmptyPlan(t)
	w.Destroy(t)
}

// The key of a private secret can't be read from the host. The user's key from the cluster is checked all the same.
func TestAccLibvirtRBDDisk_privateSecret(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name, uuid, reader = "private", "20085c23-2177-242d-7661-c785df7f6230", "21085c23-2177-242d-7661-c785df7f6230"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	acctest.Ceph(t, "east", "auth", "get-or-create", "client.private", "mon", "profile rbd", "osd", "profile rbd-read-only")
	for id, user := range map[string]string{uuid: "libvirt", reader: "private"} {
		acctest.VirshIn(t, "kvm1", fmt.Sprintf("<secret ephemeral='no' private='yes'><uuid>%s</uuid><usage type='ceph'><name>private"+
			" %s</name></usage></secret>", id, user),
			"secret-define", "/dev/stdin")
		acctest.VirshIn(t, "kvm1", acctest.Ceph(t, "east", "auth", "get-key", "client."+user), "secret-set-value", id, "--file", "/dev/stdin")
	}
	config := func(user, secret string, assignments ...string) string {
		return acctest.Provider(t) + block(name, name, append(assignments, fmt.Sprintf("user = %q", user),
			fmt.Sprintf("secret_uuid = %q", secret))...)
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config("private", reader), ExpectError: acctest.Message(`client.private`)},
		// Another user's key: only the host itself can tell, before the guest is touched.
		{Config: config("libvirt", reader, `timeouts = { create = "20s" }`), ExpectError: acctest.Message(`it was not opened in time`)},
		{
			PreConfig: func() {
				if disks := definition(t, "kvm1", name, false).Devices.Disks; len(disks) > 0 {
					t.Errorf("attached: %+v", disks)
				}
			},
			Config: config("libvirt", uuid), Check: check(func() error { return sees(g, 16<<20) }),
		},
	}})
}

// The configuration that Terraform writes for an existing disk plans nothing.
func TestAccLibvirtRBDDisk_generatedConfig(t *testing.T) {
	prepare(t)
	for name, assignments := range map[string][]string{
		"generated-plain": nil,
		"generated-full": {
			`cache = "none"`, `io = "native"`, `discard = "unmap"`, `serial = "first"`, `copy_on_read = true`, `config_file = "/dev/null"`,
			`queues = 2`, `iotune = { total_iops_sec = 100, total_iops_sec_max = 200 }`, `address = { type = "pci", bus = "0x05" }`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			guest(t, "kvm1", testbed.GuestOptions{Name: name})
			image(t, "east", name, "16M")
			w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+block(name, name, assignments...))
			w.Apply(t)
			w.Terraform(t, "state", "rm", address)
			w.Write(t, source+acctest.Provider(t)+
				fmt.Sprintf("import {\n  provider = ceph\n  to = %s\n  id = \"kvm1/%s/vdb\"\n}\n", address, name))
			out := w.Terraform(t, "plan", "-input=false", "-generate-config-out=generated.tf")
			if !strings.Contains(out, "1 to import, 0 to add, 0 to change, 0 to destroy") {
				t.Errorf("the generated configuration plans a change:\n%s", out)
			}
			w.Apply(t)
			w.ExpectEmptyPlan(t)
			w.Destroy(t)
		})
	}
}
