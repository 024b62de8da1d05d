//go:build cgo

package acctest

import (
	"maps"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// Invalid is a configuration that must not get a plan. It consists of the configuration without the provider block, where the
// mistake is in the block with the label "test"; the argument to which the error message belongs, empty where it belongs to none;
// and words of the message.
type Invalid [3]string

// RunInvalid plans each configuration, which has to fail with its message at its argument. They are steps of one test, since to prepare
// Terraform for a test takes longer than such a plan; the last name in the log of a failure is that of the step.
func RunInvalid(t *testing.T, invalid map[string]Invalid) {
	t.Helper()
	provider := Provider(t)
	steps := make([]resource.TestStep, 0, len(invalid))
	for _, name := range slices.Sorted(maps.Keys(invalid)) {
		config, at, message := invalid[name][0], invalid[name][1], invalid[name][2]
		expected := Message(message)
		if at != "" {
			expected = MessageAt(at, message)
		}
		steps = append(steps, resource.TestStep{
			PreConfig: func() { t.Log(name) }, Config: provider + config, PlanOnly: true, ExpectError: expected,
		})
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: Factories(), Steps: steps})
}
