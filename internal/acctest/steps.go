//go:build cgo

package acctest

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

// Run takes a resource through steps, with the provider block of the whole bed before each configuration, and then looks that what it
// makes is not left.
func Run(t *testing.T, what string, exists func() bool, steps ...resource.TestStep) {
	t.Helper()
	provider := Provider(t)
	for i := range steps {
		if steps[i].Config != "" {
			steps[i].Config = provider + steps[i].Config
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: Factories(), Steps: steps,
		CheckDestroy: func(*terraform.State) error {
			if exists() {
				return fmt.Errorf("%s is still there", what)
			}
			return nil
		},
	})
}

// Check compares what a second view shows of an object with what is wanted.
func Check(t *testing.T, name string, view func(*testing.T, string) string, want string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if got := view(t, name); got != want {
			return fmt.Errorf("the second view shows %q, want %q", got, want)
		}
		return nil
	}
}
