//go:build cgo

package libvirtcephsecret_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// Each error comes in the plan, at the argument at fault.
func TestAccLibvirtCephSecret_invalid(t *testing.T) {
	acctest.Bed(t)
	key := fmt.Sprintf("key = %q", cephxKey(1))
	for name, tc := range map[string]struct {
		config string
		says   *regexp.Regexp
	}{
		"key not base64": {
			secretBlock("x", `key = "secret!"`), acctest.MessageAt("key", "The value is not a cephx key. It is not base64."),
		},
		"key encoded twice": {
			secretBlock("x", fmt.Sprintf("key = base64encode(%q)", cephxKey(1))), acctest.MessageAt("key", "It was encoded to base64 twice."),
		},
		"key with a line's end": {
			secretBlock("x", fmt.Sprintf("key = \"%s\\n\"", cephxKey(1))), acctest.MessageAt("key", "It begins or ends with white space."),
		},
		"key empty":         {secretBlock("x", `key = ""`), acctest.MessageAt("key", "It is empty.")},
		"key_wo not base64": {secretBlock("x", `key_wo = "secret!"`), acctest.MessageAt("key_wo", "It is not base64.")},
		"key and key_wo": {
			secretBlock("x", key, fmt.Sprintf("key_wo = %q", cephxKey(1))),
			acctest.MessageAt("key", `Attribute "key_wo" cannot be specified when "key" is specified`),
		},
		"key and key_wo_version": {
			secretBlock("x", key, `key_wo_version = "1"`),
			acctest.MessageAt("key_wo_version", `Attribute "key" cannot be specified when "key_wo_version" is specified`),
		},
		"no key":                 {secretBlock("x"), acctest.Message("A new secret needs a value")},
		"version without key_wo": {secretBlock("x", `key_wo_version = "1"`), acctest.Message("A new secret needs a value")},
		"bad UUID":               {secretBlock("x", key, `uuid = "12345"`), acctest.MessageAt("uuid", `"12345" is not a UUID`)},
		"empty UUID":             {secretBlock("x", key, `uuid = ""`), acctest.MessageAt("uuid", `"" is not a UUID`)},
		"empty usage name":       {secretBlock("", key), acctest.MessageAt("usage_name", "at least 1")},
		"empty description":      {secretBlock("x", key, `description = ""`), acctest.MessageAt("description", "at least 1")},
		"control character": {
			strings.ReplaceAll(secretBlock("xBELy", key), "BEL", `\u0007`), acctest.MessageAt("usage_name", "can't be written in XML"),
		},
		"line's end in a name": {secretBlock("x\ny", key), acctest.MessageAt("usage_name", "can't be written in XML")},
		"control in a description": {
			secretBlock("x", key, `description = "a\u0007b"`), acctest.MessageAt("description", "can't be written in XML"),
		},
		"unknown hypervisor": {
			hypervisorBlock("kvm9", key), acctest.MessageAt("hypervisor", `The provider block has no hypervisor "kvm9". It has "kvm1", "kvm2".`),
		},
		"label with a slash": {hypervisorBlock("dc1/kvm1", key), acctest.MessageAt("hypervisor", `without "/"`)},
		"no label": {
			"resource \"libvirt_ceph_secret\" \"test\" {\n  provider = ceph\n  usage_name = \"x\"\n  " + key + "\n}\n",
			acctest.Message(`the provider block has several: "kvm1", "kvm2"`),
		},
		"timeout": {
			secretBlock("x", key, `timeouts = { create = "soon" }`),
			acctest.Message(`"soon" must be a string containing a sequence of decimal numbers`),
		},
		"import of what isn't":     {imported("kvm1/"+defaultUUID("nobody"), key), acctest.Message("Cannot import non-existent remote object")},
		"import id without UUID":   {imported("kvm1", key), acctest.Message(`"kvm1" is not of the form HYPERVISOR/UUID.`)},
		"import id with bad UUID":  {imported("kvm1/12345", key), acctest.Message(`"12345" is not the UUID of a secret`)},
		"import from unknown host": {imported("kvm9/"+defaultUUID("x"), key), acctest.Message(`The provider block has no hypervisor "kvm9"`)},
		"data source without a key": {
			"data \"libvirt_ceph_secret\" \"test\" {\n  provider = ceph\n  hypervisor = \"kvm1\"\n}\n",
			acctest.Message("No attribute specified when one (and only one) of [uuid,usage_name] is required"),
		},
		"data source of what isn't": {"data \"libvirt_ceph_secret\" \"test\" {\n  provider = ceph\n  hypervisor = \"kvm1\"\n " +
			" usage_name = \"nobody\"\n}\n", acctest.Message("Unable to read libvirt secret")},
	} {
		t.Run(name, func(t *testing.T) {
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
				{Config: acctest.Provider(t) + tc.config, PlanOnly: true, ExpectError: tc.says},
			}})
		})
	}
}

func hypervisorBlock(hypervisor, key string) string {
	return fmt.Sprintf("resource \"libvirt_ceph_secret\" \"test\" {\n  provider = ceph\n  hypervisor = %q\n  usage_name = \"x\"\n  %s\n}\n",
		hypervisor, key)
}

func imported(id, key string) string {
	return fmt.Sprintf("import {\n  provider = ceph\n  to = libvirt_ceph_secret.test\n  id = %q\n}\n", id) + secretBlock("x", key)
}
