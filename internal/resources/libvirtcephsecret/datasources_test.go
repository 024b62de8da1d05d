//go:build cgo

package libvirtcephsecret_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// TestAccLibvirtCephSecrets_dataSource lists secrets that were made by hand, and compares each with the output of virsh.
func TestAccLibvirtCephSecrets_dataSource(t *testing.T) {
	const read = "data.libvirt_ceph_secrets.test"
	acctest.Bed(t)
	data := func(assignments string) string {
		return "data \"libvirt_ceph_secrets\" \"test\" {\n  provider = ceph\n  hypervisor = \"kvm1\"\n  " + assignments + "\n}\n"
	}
	byHand := func(attributes, content string) string {
		id := uuid.NewString()
		acctest.VirshIn(t, "kvm1", fmt.Sprintf("<secret %s><uuid>%s</uuid>%s</secret>", attributes, id, content), "secret-define", "/dev/stdin")
		t.Cleanup(func() { acctest.Virsh(t, "kvm1", "secret-undefine", id) })
		return id
	}
	of := func(name string) string { return "<usage type='ceph'><name>" + name + "</name></usage>" }
	full := byHand("ephemeral='no' private='no'", "<description>for b &amp; c</description>"+of("listed.b@x"))
	private := byHand("ephemeral='yes' private='yes'", of("listed.a"))
	empty := byHand("ephemeral='no' private='no'", of("listed.c"))
	byHand("ephemeral='no' private='no'", "<usage type='volume'><volume>listed.volume</volume></usage>")
	setValue(t, "kvm1", full, cephxKey(7))
	setValue(t, "kvm1", private, cephxKey(8))

	at := func(number int, wants map[string]string) resource.TestCheckFunc {
		var checks []resource.TestCheckFunc
		for attribute, want := range wants {
			name := fmt.Sprintf("secrets.%d.%s", number, attribute)
			if want == "" {
				checks = append(checks, resource.TestCheckNoResourceAttr(read, name))
			} else {
				checks = append(checks, resource.TestCheckResourceAttr(read, name, want))
			}
		}
		return resource.ComposeAggregateTestCheckFunc(checks...)
	}
	host := acctest.Bed(t).Hypervisor("kvm1").UUID
	keyless := func(state *terraform.State) error {
		shown := fmt.Sprint(state.RootModule().Resources[read].Primary.Attributes)
		for _, fill := range []byte{7, 8} {
			if acctest.FindKey([]byte(shown), cephxKey(fill)) != "" {
				return fmt.Errorf("a value is shown: %s", shown)
			}
		}
		return nil
	}
	acctest.Run(t, "nothing", func() bool { return false },
		resource.TestStep{Config: data(`name_pattern = "a|b"`), ExpectError: acctest.MessageAt("name_pattern", `"a|b" has a "|"`)},
		resource.TestStep{
			Config: data(`name_pattern = "listed.*"`),
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(read, "secrets.#", "3"), keyless,
				at(0, map[string]string{
					"id": "kvm1/" + private, "uuid": private, "usage_name": "listed.a", "ephemeral": "true", "private": "true",
					"description": "", "key_fingerprint": "", "key_wo_version": "", "hypervisor": "kvm1", "host_uuid": host,
				}),
				at(1, map[string]string{
					"id": "kvm1/" + full, "uuid": full, "usage_name": "listed.b@x", "ephemeral": "false", "private": "false",
					"description": "for b & c", "key_fingerprint": fingerprintOf(t, value(t, "kvm1", full)),
					"key_wo_version": fingerprintOf(t, value(t, "kvm1", full)),
				}),
				at(2, map[string]string{"id": "kvm1/" + empty, "usage_name": "listed.c", "key_fingerprint": "", "key_wo_version": "missing"}),
			),
		},
		resource.TestStep{Config: data(`name_pattern = "listed"`), Check: resource.TestCheckResourceAttr(read, "secrets.#", "0")},
	)
}
