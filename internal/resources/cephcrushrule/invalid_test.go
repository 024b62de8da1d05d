//go:build cgo

package cephcrushrule_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephCrushRule_invalid(t *testing.T) {
	const (
		words = `: letters, digits, "-", "_" and ".", got: `
		coded = `erasure_code_profile = "chunks"`
	)
	decides := func(name string) string {
		return `A rule that is made from an erasure code profile has the ` + name + ` that the profile says. Leave ` + name + ` out, or` +
			` erasure_code_profile.`
	}
	acctest.RunInvalid(t, map[string]acctest.Invalid{
		"no name":             {"resource \"ceph_crush_rule\" \"test\" {\n  cluster = \"east\"\n}\n", "", `The argument "name" is required`},
		"name with a space":   {rule("a b"), "name", `must be the name of a CRUSH rule` + words + `a b`},
		"empty name":          {rule(""), "name", `must be the name of a CRUSH rule` + words},
		"root with a class":   {rule("r", `root = "default~ssd"`), "root", `must be the name of a bucket` + words + `default~ssd`},
		"empty domain":        {rule("r", `failure_domain = ""`), "failure_domain", `must be a type of bucket` + words},
		"empty class":         {rule("r", `device_class = ""`), "device_class", `must be a device class` + words},
		"empty profile":       {rule("r", `erasure_code_profile = ""`), "erasure_code_profile", `must be the name of an erasure code profile`},
		"unknown type":        {rule("r", `type = "msr_indep"`), "type", `"msr_indep" is none of "replicated", "erasure".`},
		"profile and root":    {rule("r", coded, `root = "default"`), "root", decides("root")},
		"profile and domain":  {rule("r", coded, `failure_domain = "osd"`), "failure_domain", decides("failure_domain")},
		"profile and class":   {rule("r", coded, `device_class = "ssd"`), "device_class", decides("device_class")},
		"replicated, profile": {rule("r", coded, `type = "replicated"`), "erasure_code_profile", `A replicated rule is not made from`},
		"erasure, no profile": {
			rule("r", `type = "erasure"`, `root = "default"`), "type",
			`Ceph makes a rule of the type "erasure" only from an erasure code profile, which says its root, failure domain and device class.`,
		},
		"unknown cluster": {
			"resource \"ceph_crush_rule\" \"test\" {\n  cluster = \"north\"\n  name = \"r\"\n}\n", "cluster",
			`The provider block has no cluster "north". It has "east", "west".`,
		},
	})
}

// What only the cluster can detect comes at the apply, and nothing is left.
func TestAccCephCrushRule_refusedByCluster(t *testing.T) {
	const refused = `Unable to create CRUSH rule "refused" in cluster "east". `
	profiles(t)
	for assignment, message := range map[string]string{
		`root = "nowhere"`:                 refused + `The CRUSH map has no bucket "nowhere", which the rule would begin at.`,
		`failure_domain = "shelf"`:         refused + `The CRUSH map has no type of bucket "shelf" for a failure domain.`,
		`device_class = "tape"`:            refused + `No OSD below bucket "default" of the CRUSH map is of the device class "tape".`,
		`erasure_code_profile = "nowhere"`: `Cluster "east" has no erasure code profile "nowhere".`,
	} {
		t.Run(assignment, func(t *testing.T) {
			run(t, "refused", resource.TestStep{Config: rule("refused", assignment), ExpectError: acctest.Message(message)})
		})
	}
}
