//go:build cgo

package libvirtvolumesecret_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// Each error comes in the plan, at the argument at fault.
func TestAccLibvirtVolumeSecret_invalid(t *testing.T) {
	acctest.Bed(t)
	imported := func(id string) string {
		return fmt.Sprintf("import {\n  provider = ceph\n  to = %s\n  id = %q\n}\n", address, id) + secretBlock("x", with("one", "1"))
	}
	for name, tc := range map[string]struct {
		config string
		says   *regexp.Regexp
	}{
		"empty passphrase": {secretBlock("x", with("", "1")), acctest.MessageAt("passphrase_wo", "The passphrase is empty.")},
		"NUL": {
			strings.ReplaceAll(secretBlock("x", with("oneNULtwo", "1")), "NUL", `\u0000`),
			acctest.MessageAt("passphrase_wo", "The passphrase has a character NUL."),
		},
		"passphrase without version": {
			secretBlock("x", `passphrase_wo = "one"`),
			acctest.MessageAt("passphrase_wo", `Attribute "passphrase_wo_version" must be specified when "passphrase_wo" is specified`),
		},
		"no passphrase":              {secretBlock("x"), acctest.Message("A new secret needs a value")},
		"version without passphrase": {secretBlock("x", `passphrase_wo_version = "1"`), acctest.Message("A new secret needs a value")},
		"empty version":              {secretBlock("x", with("one", "")), acctest.MessageAt("passphrase_wo_version", "at least 1")},
		"bad UUID":                   {secretBlock("x", with("one", "1"), `uuid = "12345"`), acctest.MessageAt("uuid", `"12345" is not a UUID`)},
		"empty volume":               {secretBlock("", with("one", "1")), acctest.MessageAt("volume", "at least 1")},
		"control character":          {secretBlock("x\ny", with("one", "1")), acctest.MessageAt("volume", "can't be written in XML")},
		"unknown hypervisor": {
			strings.Replace(secretBlock("x", with("one", "1")), "kvm1", "kvm9", 1),
			acctest.MessageAt("hypervisor", `The provider block has no hypervisor "kvm9". It has "kvm1", "kvm2".`),
		},
		"import of what isn't":    {imported("kvm1/" + defaultUUID("nobody")), acctest.Message("Cannot import non-existent remote object")},
		"import id without UUID":  {imported("kvm1"), acctest.Message(`"kvm1" is not of the form HYPERVISOR/UUID.`)},
		"import id with bad UUID": {imported("kvm1/12345"), acctest.Message(`"12345" is not the UUID of a secret`)},
	} {
		t.Run(name, func(t *testing.T) {
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
				{Config: acctest.Provider(t) + tc.config, PlanOnly: true, ExpectError: tc.says},
			}})
		})
	}
}
