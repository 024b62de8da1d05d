//go:build cgo

package acctest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

// Resource describes how the attributes of a resource are tested one by one, each on an object of its own.
type Resource struct {
	// Type is the resource's type. The block under test has the label "test".
	Type string
	// Config is a configuration with one object of that name, and the given assignments in its block. The provider
	// block is put before it.
	Config func(name, assignments string) string
	// ImportID is the import id of the object of that name.
	ImportID func(name string) string
	// NotImported are the attributes that neither Ceph nor libvirt stores.
	NotImported []string
	// Prepare, if set, makes what an object of that name needs; it is called once.
	Prepare func(t *testing.T, name string)
}

// Attribute is a course that an attribute is taken through: set, imported, drifted, changed, removed; and after each
// step the second witness says whether it is true.
type Attribute struct {
	Name string
	// First and Second are two values in the configuration language. An empty Second is not tried.
	First, Second string
	// With are other assignments that these values need.
	With string
	// Witness asks ceph, rbd, virsh or a guest for the attribute of the object of that name.
	Witness func(t *testing.T, name string) string
	// SeenFirst and SeenSecond are the witness's answers after the values have been applied.
	SeenFirst, SeenSecond string
	// SeenRemoved is the answer once the argument is gone from the configuration: what is unset, or what stays.
	SeenRemoved string
	// Required arguments can't be removed.
	Required bool
	// Drift changes the attribute by hand; nil where that can't be done, and then Explain says why.
	Drift func(t *testing.T, name string)
	// Replaces tells that a change makes another object.
	Replaces bool
	// DriftReplaces tells that only another object brings the configured value back.
	DriftReplaces bool
}

// RunAttributes takes each attribute through its course and records what the witnesses have seen.
func RunAttributes(t *testing.T, r Resource, attributes []Attribute) {
	t.Helper()
	Bed(t)
	for _, a := range attributes {
		t.Run(a.Name, func(t *testing.T) {
			name := "a-" + strings.ReplaceAll(a.Name, "_", "-")
			if r.Prepare != nil {
				r.Prepare(t, name)
			}
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: Factories(), Steps: r.steps(t, name, a)})
		})
	}
}

func (r Resource) steps(t *testing.T, name string, a Attribute) []resource.TestStep {
	address := r.Type + ".test"
	config := func(value string) string {
		assignments := a.With
		if value != "" {
			assignments += fmt.Sprintf("\n  %s = %s", a.Name, value)
		}
		return Provider(t) + r.Config(name, assignments)
	}
	seen := func(mark Mark, want string) resource.TestCheckFunc {
		return func(*terraform.State) error {
			if got := a.Witness(t, name); got != want {
				return fmt.Errorf("%s after it was %s: the witness says %q, want %q", a.Name, mark, got, want)
			}
			Record(t, r.Type, a.Name, mark)
			return nil
		}
	}
	action := func(replaces bool) resource.ConfigPlanChecks {
		expected := plancheck.ResourceActionUpdate
		if replaces {
			expected = plancheck.ResourceActionReplace
		}
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, expected)}}
	}
	steps := []resource.TestStep{
		{Config: config(a.First), Check: seen(Set, a.SeenFirst)},
		{
			ResourceName: address, ImportState: true, ImportStateVerify: true, ImportStateId: r.ImportID(name),
			ImportStateVerifyIgnore: r.NotImported,
		},
	}
	if !slices.Contains(r.NotImported, a.Name) {
		steps = append(steps, resource.TestStep{
			Config: config(a.First), Check: func(*terraform.State) error { Record(t, r.Type, a.Name, Imported); return nil },
		})
	}
	if a.Drift != nil {
		steps = append(steps, resource.TestStep{
			PreConfig: func() { a.Drift(t, name) }, Config: config(a.First), ConfigPlanChecks: action(a.DriftReplaces), Check: seen(Drifted, a.SeenFirst),
		})
	}
	if a.Second != "" {
		steps = append(steps, resource.TestStep{Config: config(a.Second), ConfigPlanChecks: action(a.Replaces), Check: seen(Changed, a.SeenSecond)})
	}
	if !a.Required {
		steps = append(steps, resource.TestStep{Config: config(""), Check: seen(Cleared, a.SeenRemoved)})
	}
	return steps
}

// Computed checks that the attribute of the object under test is what the witness says, and records it.
func Computed(t *testing.T, resourceType, attribute string, witness func() string) resource.TestCheckFunc {
	return func(state *terraform.State) error {
		object := state.RootModule().Resources[resourceType+".test"]
		if object == nil {
			return fmt.Errorf("there is no %s.test in the state", resourceType)
		}
		if got, want := object.Primary.Attributes[attribute], witness(); got != want {
			return fmt.Errorf("%s is %q, and the witness says %q", attribute, got, want)
		}
		Record(t, resourceType, attribute, Set)
		return nil
	}
}
