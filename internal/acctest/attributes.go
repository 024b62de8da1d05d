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
	// Config returns a configuration with one object of that name, and the given assignments in its block. The provider
	// block is put before it.
	Config func(name, assignments string) string
	// ImportID returns the import ID of the object of that name.
	ImportID func(name string) string
	// NotImported are the attributes that neither Ceph nor libvirt stores.
	NotImported []string
	// Prepare, if set, makes what the object of that name needs. It is called once.
	Prepare func(t *testing.T, name string)
}

// Attribute describes the steps that an attribute is taken through: set, imported, drifted, changed, removed. After each
// step it is compared with what a second view shows.
type Attribute struct {
	Name string
	// First and Second are two values in the configuration language. An empty Second is not tried.
	First, Second string
	// With are other assignments that these values need.
	With string
	// View asks ceph, rbd, virsh or a guest for the attribute of the object of that name: the second view.
	View func(t *testing.T, name string) string
	// SeenFirst and SeenSecond are what View has to return after the values have been applied.
	SeenFirst, SeenSecond string
	// SeenRemoved is what View has to return after the argument was removed from the configuration.
	SeenRemoved string
	// Stays is true where the value stays as it is when the argument is removed, in the place of SeenRemoved.
	Stays bool
	// BackToFirst is true where the argument gets First again before it is removed, since Second is what a new object has: nobody could
	// see it removed.
	BackToFirst bool
	// Required arguments can't be removed.
	Required bool
	// Drift changes the attribute by hand, so that View shows something else. It is nil where that can't be done; cmd/coverage then
	// explains why.
	Drift func(t *testing.T, name string)
	// Replaces is true where a change makes another object.
	Replaces bool
	// DriftReplaces is true where only another object brings the configured value back.
	DriftReplaces bool
}

// RunAttributes takes each attribute through its steps, on an object of its own, and records those that a second view confirms.
func RunAttributes(t *testing.T, r Resource, attributes []Attribute) {
	t.Helper()
	for _, a := range attributes {
		RunTogether(t, r, a.Name, []Attribute{a})
	}
}

// RunTogether is [RunAttributes] for attributes that have nothing to do with each other: all are set at once on one object, all
// drift at once, and so on, which takes no longer than for one of them.
func RunTogether(t *testing.T, r Resource, group string, attributes []Attribute) {
	t.Helper()
	Bed(t)
	for _, a := range attributes {
		if err := a.removalShows(); err != nil {
			t.Fatal(err)
		}
	}
	t.Run(group, func(t *testing.T) {
		name := "a-" + strings.ReplaceAll(group, "_", "-")
		if r.Prepare != nil {
			r.Prepare(t, name)
		}
		resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: Factories(), Steps: sequence{t, r, name, attributes}.steps()})
	})
}

// sequence makes the steps of some attributes of one object.
type sequence struct {
	t          *testing.T
	r          Resource
	name       string
	attributes []Attribute
}

func (s sequence) steps() []resource.TestStep {
	address := s.r.Type + ".test"
	first := func(a Attribute) string { return a.First }
	steps := []resource.TestStep{
		{Config: s.config(first), Check: s.seen(Set, nil, func(a Attribute) string { return a.SeenFirst })},
		{
			ResourceName: address, ImportState: true, ImportStateVerify: true, ImportStateId: s.r.ImportID(s.name),
			ImportStateVerifyIgnore: s.r.NotImported,
		},
		{Config: s.config(first), Check: s.imported},
	}
	drifts := func(a Attribute) bool { return a.Drift != nil }
	if slices.ContainsFunc(s.attributes, drifts) {
		steps = append(steps, resource.TestStep{
			PreConfig: s.drift, Config: s.config(first),
			ConfigPlanChecks: action(address, slices.ContainsFunc(s.attributes, func(a Attribute) bool { return a.DriftReplaces })),
			Check:            s.seen(Drifted, drifts, func(a Attribute) string { return a.SeenFirst }),
		})
	}
	changes := func(a Attribute) bool { return a.Second != "" }
	if slices.ContainsFunc(s.attributes, changes) {
		steps = append(steps, resource.TestStep{
			Config:           s.config(Attribute.last),
			ConfigPlanChecks: action(address, slices.ContainsFunc(s.attributes, func(a Attribute) bool { return a.Replaces })),
			Check:            s.seen(Changed, changes, func(a Attribute) string { return a.SeenSecond }),
		})
	}
	back := func(a Attribute) bool { return a.BackToFirst }
	if slices.ContainsFunc(s.attributes, back) {
		steps = append(steps, resource.TestStep{
			Config: s.config(Attribute.BeforeRemoval),
			Check:  s.seen(Changed, back, func(a Attribute) string { return a.SeenFirst }),
		})
	}
	removable := func(a Attribute) bool { return !a.Required }
	if slices.ContainsFunc(s.attributes, removable) {
		removed := func(a Attribute) string {
			if a.Required {
				return a.last()
			}
			return ""
		}
		steps = append(steps, resource.TestStep{
			Config: s.config(removed), Check: s.seen(Cleared, removable, Attribute.AfterRemoval),
		})
	}
	return steps
}

// last is the value that the argument has after its change, where it is changed.
func (a Attribute) last() string {
	if a.Second == "" {
		return a.First
	}
	return a.Second
}

// BeforeRemoval is the value from which the argument is removed.
func (a Attribute) BeforeRemoval() string {
	if a.BackToFirst {
		return a.First
	}
	return a.last()
}

// AfterRemoval is what View has to return after the arguments that can be removed were removed.
func (a Attribute) AfterRemoval() string {
	if a.Required || a.Stays {
		return a.SeenBeforeRemoval()
	}
	return a.SeenRemoved
}

// SeenBeforeRemoval is what View has to return of that value.
func (a Attribute) SeenBeforeRemoval() string {
	if a.Second == "" || a.BackToFirst {
		return a.SeenFirst
	}
	return a.SeenSecond
}

// removalShows is an error where a removal that did nothing would look like one that did what it should.
func (a Attribute) removalShows() error {
	switch {
	case a.Stays && a.SeenRemoved != "":
		return fmt.Errorf("%s: it stays, so SeenRemoved says nothing", a.Name)
	case !a.Required && !a.Stays && a.SeenRemoved == a.SeenBeforeRemoval():
		return fmt.Errorf("%s: the second view shows %q before its removal and after it", a.Name, a.SeenRemoved)
	}
	return nil
}

// config is a configuration in which the attributes have these values. An attribute whose value is empty is left out.
func (s sequence) config(value func(Attribute) string) string {
	var assignments strings.Builder
	for _, a := range s.attributes {
		assignments.WriteString(a.With)
		if v := value(a); v != "" {
			fmt.Fprintf(&assignments, "\n  %s = %s", a.Name, v)
		}
	}
	return Provider(s.t) + s.r.Config(s.name, assignments.String())
}

// seen compares the attributes that take part (all, where takesPart is nil) with their second views, and records those that are equal.
func (s sequence) seen(mark Mark, takesPart func(Attribute) bool, want func(Attribute) string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		var failures []error
		for _, a := range s.attributes {
			if takesPart != nil && !takesPart(a) {
				continue
			}
			if got := a.View(s.t, s.name); got != want(a) {
				failures = append(failures, fmt.Errorf("%s after it was %s: the second view shows %q, want %q", a.Name, mark, got, want(a)))
				continue
			}
			Record(s.t, s.r.Type, a.Name, mark)
		}
		return errors.Join(failures...)
	}
}

// imported records the attributes that the import step before it has verified.
func (s sequence) imported(*terraform.State) error {
	for _, a := range s.attributes {
		if !slices.Contains(s.r.NotImported, a.Name) {
			Record(s.t, s.r.Type, a.Name, Imported)
		}
	}
	return nil
}

func (s sequence) drift() {
	for _, a := range s.attributes {
		if a.Drift != nil {
			a.Drift(s.t, s.name)
		}
	}
	if err := s.drifted(); err != nil {
		s.t.Fatal(err)
	}
}

// drifted is an error where a drift shows in no second view, or was undone by one after it.
func (s sequence) drifted() error {
	for _, a := range s.attributes {
		if a.Drift != nil && a.View(s.t, s.name) == a.SeenFirst {
			return fmt.Errorf("%s: the second view still shows %q after it was changed by hand", a.Name, a.SeenFirst)
		}
	}
	return nil
}

func action(address string, replaces bool) resource.ConfigPlanChecks {
	expected := plancheck.ResourceActionUpdate
	if replaces {
		expected = plancheck.ResourceActionReplace
	}
	return Planned(address)(expected)
}

// Computed checks that the attribute of the object under test is what the second view shows, and records it.
func Computed(t *testing.T, resourceType, attribute string, view func() string) resource.TestCheckFunc {
	return func(state *terraform.State) error {
		object := state.RootModule().Resources[resourceType+".test"]
		if object == nil {
			return fmt.Errorf("there is no %s.test in the state", resourceType)
		}
		if got, want := object.Primary.Attributes[attribute], view(); got != want {
			return fmt.Errorf("%s is %q, and the second view shows %q", attribute, got, want)
		}
		Record(t, resourceType, attribute, Set)
		return nil
	}
}
