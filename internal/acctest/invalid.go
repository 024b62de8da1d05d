//go:build cgo

package acctest

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// Invalid is a configuration that no plan must come of.
type Invalid struct {
	// Config is the configuration without the provider block; what is wrong is in the block with the label "test".
	Config string
	// At is the argument that the message is located at; empty where it can't be.
	At string
	// Message are the words that the operator reads.
	Message string
}

// RunInvalid plans each configuration, which has to fail with its message at its place.
func RunInvalid(t *testing.T, invalid map[string]Invalid) {
	t.Helper()
	provider := Provider(t)
	for name, tc := range invalid {
		t.Run(name, func(t *testing.T) {
			expected := Message(tc.Message)
			if tc.At != "" {
				expected = MessageAt(tc.At, tc.Message)
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: Factories(),
				Steps:                    []resource.TestStep{{Config: provider + tc.Config, PlanOnly: true, ExpectError: expected}},
			})
		})
	}
}
