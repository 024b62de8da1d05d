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

// Check asks a witness of an object in a step.
func Check(t *testing.T, name string, witness func(*testing.T, string) string, want string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if got := witness(t, name); got != want {
			return fmt.Errorf("the witness says %q, want %q", got, want)
		}
		return nil
	}
}

// Silence returns what makes a cluster silent in a step, and what lets it answer again, as it does when the test ends.
func Silence(t *testing.T, cluster string, pause, resume func() error) (silent, awake func()) {
	t.Helper()
	do := func(what func() error) {
		if err := what(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() { do(resume) })
	return func() { do(pause) }, func() {
		do(resume)
		// The limit counts again from now on: the cluster has to be awake.
		AwaitConnections(t, cluster)
	}
}
