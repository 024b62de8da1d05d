//go:build cgo

package acctest

import (
	"errors"
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

// RunAttributes takes each attribute through its course, on an object of its own, and records what the witnesses have seen.
func RunAttributes(t *testing.T, r Resource, attributes []Attribute) {
	t.Helper()
	for _, a := range attributes {
		RunTogether(t, r, a.Name, []Attribute{a})
	}
}

// RunTogether is RunAttributes for attributes that have nothing to do with each other, on one object: all are set at once,
// all drift at once, and so on, which costs no more than one of them.
func RunTogether(t *testing.T, r Resource, group string, attributes []Attribute) {
	t.Helper()
	Bed(t)
	t.Run(group, func(t *testing.T) {
		name := "a-" + strings.ReplaceAll(group, "_", "-")
		if r.Prepare != nil {
			r.Prepare(t, name)
		}
		resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: Factories(), Steps: course{t, r, name, attributes}.steps()})
	})
}

// course is the way of some attributes of one object.
type course struct {
	t          *testing.T
	r          Resource
	name       string
	attributes []Attribute
}

func (c course) steps() []resource.TestStep {
	address := c.r.Type + ".test"
	first := func(a Attribute) string { return a.First }
	steps := []resource.TestStep{
		{Config: c.config(first), Check: c.seen(Set, nil, func(a Attribute) string { return a.SeenFirst })},
		{
			ResourceName: address, ImportState: true, ImportStateVerify: true, ImportStateId: c.r.ImportID(c.name),
			ImportStateVerifyIgnore: c.r.NotImported,
		},
		{Config: c.config(first), Check: c.imported},
	}
	drifts := func(a Attribute) bool { return a.Drift != nil }
	if slices.ContainsFunc(c.attributes, drifts) {
		steps = append(steps, resource.TestStep{
			PreConfig: c.drift, Config: c.config(first),
			ConfigPlanChecks: action(address, slices.ContainsFunc(c.attributes, func(a Attribute) bool { return a.DriftReplaces })),
			Check:            c.seen(Drifted, drifts, func(a Attribute) string { return a.SeenFirst }),
		})
	}
	changes := func(a Attribute) bool { return a.Second != "" }
	if slices.ContainsFunc(c.attributes, changes) {
		steps = append(steps, resource.TestStep{
			Config:           c.config(Attribute.last),
			ConfigPlanChecks: action(address, slices.ContainsFunc(c.attributes, func(a Attribute) bool { return a.Replaces })),
			Check:            c.seen(Changed, changes, func(a Attribute) string { return a.SeenSecond }),
		})
	}
	removable := func(a Attribute) bool { return !a.Required }
	if slices.ContainsFunc(c.attributes, removable) {
		removed := func(a Attribute) string {
			if a.Required {
				return a.last()
			}
			return ""
		}
		steps = append(steps, resource.TestStep{
			Config: c.config(removed), Check: c.seen(Cleared, removable, func(a Attribute) string { return a.SeenRemoved }),
		})
	}
	return steps
}

// last is the value before the argument is removed.
func (a Attribute) last() string {
	if a.Second == "" {
		return a.First
	}
	return a.Second
}

// config is a configuration with these values; an empty one leaves the argument out.
func (c course) config(value func(Attribute) string) string {
	var assignments strings.Builder
	for _, a := range c.attributes {
		assignments.WriteString(a.With)
		if v := value(a); v != "" {
			fmt.Fprintf(&assignments, "\n  %s = %s", a.Name, v)
		}
	}
	return Provider(c.t) + c.r.Config(c.name, assignments.String())
}

// seen asks the witnesses of those attributes that take part, all without a filter, and records those that agree.
func (c course) seen(mark Mark, takesPart func(Attribute) bool, want func(Attribute) string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		var failures []error
		for _, a := range c.attributes {
			if takesPart != nil && !takesPart(a) {
				continue
			}
			if got := a.Witness(c.t, c.name); got != want(a) {
				failures = append(failures, fmt.Errorf("%s after it was %s: the witness says %q, want %q", a.Name, mark, got, want(a)))
				continue
			}
			Record(c.t, c.r.Type, a.Name, mark)
		}
		return errors.Join(failures...)
	}
}

// imported follows an import that was verified.
func (c course) imported(*terraform.State) error {
	for _, a := range c.attributes {
		if !slices.Contains(c.r.NotImported, a.Name) {
			Record(c.t, c.r.Type, a.Name, Imported)
		}
	}
	return nil
}

func (c course) drift() {
	for _, a := range c.attributes {
		if a.Drift != nil {
			a.Drift(c.t, c.name)
		}
	}
}

func action(address string, replaces bool) resource.ConfigPlanChecks {
	expected := plancheck.ResourceActionUpdate
	if replaces {
		expected = plancheck.ResourceActionReplace
	}
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, expected)}}
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
