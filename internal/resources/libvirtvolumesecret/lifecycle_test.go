//go:build cgo

package libvirtvolumesecret_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// The bytes are taken as they are, which would not be so if one of them were decoded or trimmed. They are written when the version changes,
// and without a passphrase left alone.
func TestAccLibvirtVolumeSecret_basic(t *testing.T) {
	bed := acctest.Bed(t)
	const volume, one, two = "east/vms/basic", "b25l\n", " zwei € "
	id := defaultUUID(volume)
	config := func(arguments ...string) string { return acctest.Provider(t) + secretBlock(volume, arguments...) }
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{
			Config: config(with(one, "1")),
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(address, "id", "kvm1/"+id),
				resource.TestCheckResourceAttr(address, "uuid", id),
				resource.TestCheckResourceAttr(address, "private", "true"),
				resource.TestCheckResourceAttr(address, "host_uuid", bed.Hypervisor("kvm1").UUID),
				resource.TestCheckNoResourceAttr(address, "passphrase_wo"),
				holds(t, id, one, "yes"),
				acctest.Recorded(t, secretType, acctest.Set, "id", "host_uuid", "passphrase_wo", "passphrase_wo_version"),
			),
		},
		{Config: config(with(two, "1")), ConfigPlanChecks: planned(plancheck.ResourceActionNoop), Check: holds(t, id, one, "yes")},
		{
			Config: config(with(two, "2")), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeAggregateTestCheckFunc(holds(t, id, two, "yes"),
				acctest.Recorded(t, secretType, acctest.Changed, "passphrase_wo", "passphrase_wo_version")),
		},
		// A change outside of Terraform is not noticed: nothing is kept that it could be compared with.
		{
			PreConfig: func() { setValue(t, id, "by hand") }, Config: config(with(two, "2")),
			ConfigPlanChecks: planned(plancheck.ResourceActionNoop),
		},
		{Config: config(`description = "managed"`), Check: resource.ComposeAggregateTestCheckFunc(holds(t, id, "by hand", "yes"),
			resource.TestCheckNoResourceAttr(address, "passphrase_wo_version"),
			acctest.Recorded(t, secretType, acctest.Cleared, "passphrase_wo", "passphrase_wo_version"))},
		// Another secret in its place would have no value.
		{Config: config(`uuid = "8b085c23-2177-242d-7661-c785df7f6230"`), ExpectError: acctest.Message("A new secret needs a value")},
		{Config: config(`passphrase_wo_version = "3"`), ExpectError: acctest.Message("but passphrase_wo is not set")},
		{
			PreConfig: func() { acctest.Virsh(t, "kvm1", "secret-undefine", id) }, Config: config(with(one, "4")),
			ConfigPlanChecks: planned(plancheck.ResourceActionCreate), Check: holds(t, id, one, "yes"),
		},
		{
			Config: config(with(one, "4"), "private = false"), ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
			Check: holds(t, id, one, "no"),
		},
		// A value that is lost is noticed where libvirt tells.
		{
			PreConfig: func() {
				acctest.Virsh(t, "kvm1", "secret-undefine", id)
				define(t, id, "no", ofVolume(volume))
			},
			Config: config(with(one, "4"), "private = false"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeAggregateTestCheckFunc(holds(t, id, one, "no"),
				acctest.Recorded(t, secretType, acctest.Drifted, "passphrase_wo", "passphrase_wo_version")),
		},
		{
			Config: config(with(one, "4"), "private = false", `timeouts = { read = "1m" }`),
			Check:  acctest.Recorded(t, secretType, acctest.Set, "timeouts"),
		},
		{Config: acctest.Provider(t), Check: func(*terraform.State) error {
			if has(t, "kvm1", id) {
				return fmt.Errorf("the secret is still there")
			}
			return nil
		}},
	}})
}

// After an import the version is null: without a passphrase the plan is empty, and the first version writes the passphrase.
func TestAccLibvirtVolumeSecret_import(t *testing.T) {
	bed := acctest.Bed(t)
	const volume, id = "east/vms/imported", "9b085c23-2177-242d-7661-c785df7f6230"
	define(t, id, "yes", ofVolume(volume))
	setValue(t, id, "as found")
	imported := func(body ...string) string {
		return acctest.Provider(t) + fmt.Sprintf("import {\n  provider = ceph\n  to = %s\n  id = \"kvm1/%s\"\n}\n", address, id) +
			secretBlock(volume, append(body, fmt.Sprintf("uuid = %q", id))...)
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{
			Config: imported(), ConfigPlanChecks: planned(plancheck.ResourceActionNoop),
			Check: resource.ComposeAggregateTestCheckFunc(holds(t, id, "as found", "yes"),
				resource.TestCheckResourceAttr(address, "host_uuid", bed.Hypervisor("kvm1").UUID),
				resource.TestCheckNoResourceAttr(address, "passphrase_wo_version"),
				acctest.Recorded(t, secretType, acctest.Imported, "id", "host_uuid")),
		},
		{
			Config: imported(with("another", "1")), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: holds(t, id, "another", "yes"),
		},
	}})
}

// A secret with the same UUID or volume is found before libvirt is asked to define anything, also a private one whose value nobody can
// compare, and stays as it is.
func TestAccLibvirtVolumeSecret_existsAlready(t *testing.T) {
	acctest.Bed(t)
	const other, volume = "ab085c23-2177-242d-7661-c785df7f6230", "east/vms/there"
	define(t, other, "yes", ofVolume(volume))
	t.Cleanup(func() { acctest.Virsh(t, "kvm1", "secret-undefine", other) })
	setValue(t, other, "somebody's")
	step := func(config, message string) resource.TestStep {
		return resource.TestStep{Config: acctest.Provider(t) + config, ExpectError: acctest.Message(message)}
	}
	ofOther := fmt.Sprintf("uuid = %q", other)
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		step(secretBlock(volume, with("one", "1")),
			fmt.Sprintf(`The usage name %q is taken on hypervisor "kvm1" by the secret %s.`, volume, other)),
		step(secretBlock(volume, with("one", "1")), "terraform import ADDRESS kvm1/"+other),
		step(secretBlock("another", with("one", "1"), ofOther),
			fmt.Sprintf(`Hypervisor "kvm1" already has a secret with the UUID %s; its usage name is %q.`, other, volume)),
		step(secretBlock(volume, with("one", "1"), ofOther), "terraform import ADDRESS kvm1/"+other),
	}})
	if got := stored(t, other); got != "somebody's" {
		t.Errorf("the value of somebody's secret is now %s", got)
	}
}

// A secret of Ceph is never taken for a volume's, nor the other way round: by neither its UUID nor its usage name.
func TestAccLibvirtVolumeSecret_otherUsageType(t *testing.T) {
	acctest.Bed(t)
	const ofCeph, id, name = "5b085c23-2177-242d-7661-c785df7f6230", "4b085c23-2177-242d-7661-c785df7f6230", "east/vms/alike"
	define(t, ofCeph, "no", "<usage type='ceph'><name>"+name+"</name></usage>")
	t.Cleanup(func() { acctest.Virsh(t, "kvm1", "secret-undefine", ofCeph) })
	setValue(t, ofCeph, "a key")
	block := secretBlock(name, with("one", "1"), fmt.Sprintf("uuid = %q", ofCeph))
	importing := func(to, id string) string {
		return fmt.Sprintf("import {\n  provider = ceph\n  to = %s\n  id = \"kvm1/%s\"\n}\n", to, id)
	}
	cephBlock := strings.NewReplacer(secretType, "libvirt_ceph_secret", "volume =", "usage_name =").Replace(
		secretBlock("another", fmt.Sprintf("key = %q", cephxKey), fmt.Sprintf("uuid = %q", id)))
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: acctest.Provider(t) + block, ExpectError: acctest.Message(`is not for a volume: its usage type is "ceph"`)},
		{
			Config:      acctest.Provider(t) + importing(address, ofCeph) + block,
			ExpectError: acctest.Message("Manage it with libvirt_ceph_secret, which is for secrets of this usage type."),
		},
		// The same usage name beside it, and a private secret.
		{
			Config: acctest.Provider(t) + secretBlock(name, with("one", "1"), fmt.Sprintf("uuid = %q", id)),
			Check:  holds(t, id, "one", "yes"),
		},
		{
			Config: acctest.Provider(t) + secretBlock(name, with("one", "1"), fmt.Sprintf("uuid = %q", id)) +
				importing("libvirt_ceph_secret.test", id) + cephBlock,
			ExpectError: acctest.Message("Manage it with libvirt_volume_secret, which is for secrets of this usage type."),
		},
		// Two resources of both types never have one UUID.
		{
			Config:      acctest.Provider(t) + secretBlock(name, with("one", "1"), fmt.Sprintf("uuid = %q", id)) + cephBlock,
			ExpectError: acctest.Message("already has a secret with the UUID " + id),
		},
	}})
	if got := stored(t, ofCeph); got != "a key" {
		t.Errorf("the value of somebody's secret is now %s", got)
	}
}

// A secret that an interrupted create left, not private yet, is completed by the next one, and one whose value could not be set as well.
func TestAccLibvirtVolumeSecret_interruptedCreate(t *testing.T) {
	acctest.Bed(t)
	for name, left := range map[string]func(t *testing.T, id, volume string){
		"before the value": func(t *testing.T, id, volume string) { define(t, id, "no", ofVolume(volume)) },
		"after the value": func(t *testing.T, id, volume string) {
			define(t, id, "no", ofVolume(volume))
			setValue(t, id, "one")
		},
	} {
		t.Run(name, func(t *testing.T) {
			volume := "cut off " + name
			config := acctest.Provider(t) + secretBlock(volume, with("one", "1"))
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
				{PreConfig: func() { left(t, defaultUUID(volume), volume) }, Config: config, Check: holds(t, defaultUUID(volume), "one", "yes")},
				{Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionNoop)},
			}})
		})
	}
	t.Run("without value", func(t *testing.T) {
		const volume = "no room for the value"
		id := defaultUUID(volume)
		config := acctest.Provider(t) + secretBlock(volume, with("one", "1"))
		resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
			{
				// libvirt can't write the value because a folder has the file's name.
				PreConfig: func() {
					if err := os.MkdirAll(valueFile(t, id), 0o755); err != nil {
						t.Fatal(err)
					}
				},
				Config: config, ExpectNonEmptyPlan: true,
			},
			{
				PreConfig: func() {
					if err := os.Remove(valueFile(t, id)); err != nil {
						t.Fatal(err)
					}
				},
				Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: holds(t, id, "one", "yes"),
			},
			{Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionNoop)},
		}})
	})
}
