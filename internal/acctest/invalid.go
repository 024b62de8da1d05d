//go:build cgo

package acctest

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// Invalid is a configuration that must not get a plan. It consists of the configuration without the provider block, where the
// mistake is in the block with the label "test"; the argument to which the error message belongs, empty where it belongs to none;
// and words of the message.
type Invalid [3]string

// RunInvalid plans each configuration, which has to fail with its message at its argument.
func RunInvalid(t *testing.T, invalid map[string]Invalid) {
	t.Helper()
	provider := Provider(t)
	for name, tc := range invalid {
		t.Run(name, func(t *testing.T) {
			config, at, message := tc[0], tc[1], tc[2]
			expected := Message(message)
			if at != "" {
				expected = MessageAt(at, message)
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: Factories(),
				Steps:                    []resource.TestStep{{Config: provider + config, PlanOnly: true, ExpectError: expected}},
			})
		})
	}
}
