//go:build cgo

package libvirtcephsecret_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

const secretType = "libvirt_ceph_secret"

const address = secretType + ".test"

// explicitUUID is the first value in the steps of the attribute uuid.
const explicitUUID = "6a085c23-2177-242d-7661-c785df7f6230"

// idOf is the UUID of the secret that the steps of an attribute create under this name.
func idOf(name string) string {
	if name == "a-uuid" {
		return explicitUUID
	}
	return defaultUUID(name)
}

// secrets are libvirt_ceph_secret resources with only the required arguments.
var secrets = acctest.Resource{
	Type: secretType,
	Config: func(name, assignments string) string {
		set := func(attribute string) bool { return strings.Contains(assignments, "\n  "+attribute+" = ") }
		for attribute, assignment := range map[string]string{
			"hypervisor": `hypervisor = "kvm1"`, "usage_name": fmt.Sprintf("usage_name = %q", name), "key": fmt.Sprintf("key = %q", cephxKey(1)),
		} {
			// The steps of key end without a key: the value then stays. Without a label the recorded one stays.
			leftAlone := attribute == "key" && name == "a-key" || attribute == "hypervisor" && name == "a-hypervisor"
			if !set(attribute) && !leftAlone {
				assignments += "\n  " + assignment
			}
		}
		return fmt.Sprintf("resource \"libvirt_ceph_secret\" \"test\" {\n  provider = ceph\n%s\n}\n", assignments)
	},
	ImportID: func(name string) string {
		if name == "a-uuid" {
			return "kvm1/" + strings.ToUpper(idOf(name))
		}
		return "kvm1/" + idOf(name)
	},
	// The key is never read; a version is the fingerprint found.
	NotImported: []string{"key", "key_wo_version"},
}

// field is a second view: something of `virsh secret-dumpxml`.
func field(of func(*acctest.Secret) string) func(*testing.T, string) string {
	return func(t *testing.T, name string) string { return of(acctest.SecretOf(t, "kvm1", idOf(name))) }
}

// redefine is a drift: `virsh secret-define` by hand.
func redefine(change func(*acctest.Secret)) func(*testing.T, string) {
	return func(t *testing.T, name string) {
		doc := acctest.SecretOf(t, "kvm1", idOf(name))
		change(doc)
		acctest.VirshIn(t, "kvm1", acctest.XML(t, doc), "secret-define", "/dev/stdin")
	}
}

func TestAccLibvirtCephSecret_attributes(t *testing.T) {
	one, two := cephxKey(1), cephxKey(2)
	acctest.RunAttributes(t, secrets, []acctest.Attribute{
		{
			Name: "hypervisor", First: `"kvm1"`, Second: `"kvm2"`, Replaces: true,
			SeenFirst: "kvm1", SeenSecond: "kvm2", Stays: true,
			View: func(t *testing.T, name string) string {
				var on []string
				for _, hypervisor := range []string{"kvm1", "kvm2"} {
					if has(t, hypervisor, idOf(name)) {
						on = append(on, hypervisor)
					}
				}
				return strings.Join(on, " ")
			},
		},
		{
			Name: "usage_name", First: `"a-usage-name"`, Second: `"another usage <name>"`, Replaces: true, Required: true,
			SeenFirst: "a-usage-name", SeenSecond: "another usage <name>",
			View: func(t *testing.T, name string) string {
				if has(t, "kvm1", idOf(name)) {
					return acctest.SecretOf(t, "kvm1", idOf(name)).Usage.Name
				}
				return acctest.SecretOf(t, "kvm1", defaultUUID("another usage <name>")).Usage.Name
			},
			Drift: func(t *testing.T, name string) {
				acctest.Virsh(t, "kvm1", "secret-undefine", idOf(name))
				define(t, "kvm1", idOf(name), "named by hand")
			},
			DriftReplaces: true,
		},
		{
			Name: "uuid", First: `"` + strings.ToUpper(explicitUUID) + `"`, Second: `"7a085c23-2177-242d-7661-c785df7f6230"`, Replaces: true,
			SeenFirst: explicitUUID, SeenSecond: "7a085c23-2177-242d-7661-c785df7f6230", Stays: true,
			View: func(t *testing.T, name string) string {
				for _, line := range strings.Split(acctest.Virsh(t, "kvm1", "secret-list"), "\n") {
					if words := strings.Fields(line); len(words) == 3 && words[2] == name {
						return words[0]
					}
				}
				return "none"
			},
		},
		{
			Name: "description", First: `"disks of <east> & co"`, Second: `"disks of\nwest\tüß"`,
			SeenFirst: "disks of <east> & co", SeenSecond: "disks of\nwest\tüß", SeenRemoved: "",
			View:  field(func(s *acctest.Secret) string { return s.Description }),
			Drift: redefine(func(s *acctest.Secret) { s.Description = "by hand" }),
		},
		{
			Name: "ephemeral", First: "true", Second: "false", SeenFirst: "yes", SeenSecond: "no", SeenRemoved: "no",
			BackToFirst: true, View: field(func(s *acctest.Secret) string { return s.Ephemeral }),
			Drift: redefine(func(s *acctest.Secret) { s.Ephemeral = "no" }),
		},
		{
			Name: "private", First: "false", Second: "true", SeenFirst: "no", SeenSecond: "yes", SeenRemoved: "no",
			View:  field(func(s *acctest.Secret) string { return s.Private }),
			Drift: redefine(func(s *acctest.Secret) { s.Private = "yes" }), DriftReplaces: true,
		},
		{
			Name: "key", First: `"` + one + `"`, Second: `"` + two + `"`, SeenFirst: one, SeenSecond: two, Stays: true,
			View:  func(t *testing.T, name string) string { return value(t, "kvm1", idOf(name)) },
			Drift: func(t *testing.T, name string) { setValue(t, "kvm1", idOf(name), cephxKey(9)) },
		},
	})
}

// writeOnly is a block with a write-only key.
func writeOnly(usage, key, version string, more ...string) string {
	assignments := append([]string{fmt.Sprintf("key_wo = %q", key)}, more...)
	if version != "" {
		assignments = append(assignments, fmt.Sprintf("key_wo_version = %q", version))
	}
	return secretBlock(usage, assignments...)
}

var planned = acctest.Planned(address)

// A write-only key is written only when its version changes. A value that was set outside of Terraform shows as another version.
func TestAccLibvirtCephSecret_writeOnly(t *testing.T) {
	acctest.Bed(t)
	const usage = "write-only"
	id := defaultUUID(usage)
	one, two := cephxKey(1), cephxKey(2)
	config := func(key, version string) string { return acctest.Provider(t) + writeOnly(usage, key, version) }
	seen := func(want string, marks map[string]acctest.Mark) resource.TestCheckFunc {
		return resource.ComposeAggregateTestCheckFunc(
			resource.TestCheckNoResourceAttr(address, "key"), resource.TestCheckNoResourceAttr(address, "key_wo"),
			resource.TestCheckResourceAttr(address, "key_fingerprint", fingerprintOf(t, want)),
			func(*terraform.State) error {
				if got := value(t, "kvm1", id); got != want {
					return fmt.Errorf("libvirt holds %s, want %s", got, want)
				}
				for attribute, mark := range marks {
					acctest.Record(t, secretType, attribute, mark)
				}
				return nil
			})
	}
	all := func(mark acctest.Mark) map[string]acctest.Mark {
		return map[string]acctest.Mark{"key_wo": mark, "key_wo_version": mark, "key_fingerprint": mark}
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config(one, "1"), Check: seen(one, all(acctest.Set))},
		{Config: config(two, "1"), ConfigPlanChecks: planned(plancheck.ResourceActionNoop), Check: seen(one, nil)},
		{Config: config(two, "2"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: seen(two, all(acctest.Changed))},
		{
			PreConfig: func() { setValue(t, "kvm1", id, cephxKey(9)) }, Config: config(two, "2"),
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: seen(two, all(acctest.Drifted)),
		},
		{
			PreConfig: func() {
				acctest.Virsh(t, "kvm1", "secret-undefine", id)
				define(t, "kvm1", id, usage)
			},
			Config: config(two, "2"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: seen(two, nil),
		},
		// A change outside of Terraform also shows without a version.
		{
			Config: config(one, ""), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: seen(one, map[string]acctest.Mark{"key_wo_version": acctest.Cleared}),
		},
		{
			PreConfig: func() { setValue(t, "kvm1", id, cephxKey(9)) }, Config: config(one, ""),
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: seen(one, nil),
		},
		{Config: config(one, "3"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: seen(one, nil)},
		// Without a key in the configuration the value is not managed.
		{Config: acctest.Provider(t) + secretBlock(usage), Check: seen(one, map[string]acctest.Mark{"key_wo": acctest.Cleared})},
		{
			PreConfig: func() { setValue(t, "kvm1", id, cephxKey(9)) }, Config: acctest.Provider(t) + secretBlock(usage),
			ConfigPlanChecks: planned(plancheck.ResourceActionNoop), Check: seen(cephxKey(9), nil),
		},
		{
			Config:           acctest.Provider(t) + secretBlock(usage, fmt.Sprintf("key = %q", two)),
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check:            resource.TestCheckResourceAttr(address, "key_fingerprint", fingerprintOf(t, two)),
		},
		{Config: config(one, "4"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: seen(one, nil)},
	}})
}
