package tfkit

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Entries are the labelled clusters, or the labelled hypervisors, of a provider block. A label is only a label: an object belongs to the
// identity, a cluster's fsid or a hypervisor's host_uuid.
type Entries[T any] struct {
	noun       string // as in messages: "cluster"
	block      string // the argument of the provider block
	remembered string // the attribute that holds the identity
	reinstalls bool   // a new identity under the same label is a reinstalled host, unless another label has the old one
	identity   func(context.Context, T) (string, error)

	known       map[string]T
	unknown     map[string]bool
	allUnknown  bool
	environment string // the variable that gives the only entry, where it is not configured
}

// Add adds a configured entry.
func (e *Entries[T]) Add(label string, target T) {
	if e.known == nil {
		e.known = map[string]T{}
	}
	e.known[label] = target
}

// AddFromEnvironment adds the only entry there is, which an environment variable names.
func (e *Entries[T]) AddFromEnvironment(label, variable string, target T) {
	e.Add(label, target)
	e.environment = variable
}

// AddUnknown adds an entry whose settings are known only after apply.
func (e *Entries[T]) AddUnknown(label string) {
	if e.unknown == nil {
		e.unknown = map[string]bool{}
	}
	e.unknown[label] = true
}

// SetUnknown marks the whole block as known only after apply.
func (e *Entries[T]) SetUnknown() { e.allUnknown = true }

// Labels lists all labels in order, also those whose settings are unknown.
func (e *Entries[T]) Labels() []string {
	labels := make([]string, 0, len(e.known)+len(e.unknown))
	for label := range e.known {
		labels = append(labels, label)
	}
	for label := range e.unknown {
		labels = append(labels, label)
	}
	slices.Sort(labels)
	return labels
}

// All returns the entries with known settings, ordered by label.
func (e *Entries[T]) All() []T {
	all := make([]T, 0, len(e.known))
	for _, label := range e.Labels() {
		if target, ok := e.known[label]; ok {
			all = append(all, target)
		}
	}
	return all
}

// waiting names in words the entries that can't be asked, because their settings are known only after apply; empty where there are none.
func (e *Entries[T]) waiting() string {
	if e.allUnknown {
		return "the " + e.noun + "s"
	}
	labels := e.Unasked()
	if len(labels) == 0 {
		return ""
	}
	return e.noun + " " + quoted(labels)
}

// Unasked lists the labels of the entries that can't be asked, because their settings are known only after apply.
func (e *Entries[T]) Unasked() []string {
	return slices.Sorted(maps.Keys(e.unknown))
}

// NotKnown is the error of an entry that can't be asked before the apply.
func (e *Entries[T]) NotKnown(label string) error {
	return e.notKnownYet(fmt.Sprintf("the settings of %s %q", e.noun, label))
}

// defaultLabel is the label for a resource that sets none: that of the only entry.
func (e *Entries[T]) defaultLabel() (string, error) {
	labels := e.Labels()
	switch {
	case e.allUnknown:
		return "", e.notKnownYet("which " + e.noun + "s there are")
	case len(labels) == 1:
		return labels[0], nil
	case len(labels) == 0:
		return "", e.noneConfigured()
	}
	return "", &problem.Problem{
		Kind: problem.Invalid,
		What: fmt.Sprintf("Nothing says which %s is meant, and the provider block has several: %s.", e.noun, quoted(labels)),
		Do:   fmt.Sprintf("Set %s to one of these labels.", e.noun),
	}
}

// Get returns the entry of a label, without connecting.
func (e *Entries[T]) Get(label string) (T, error) {
	if target, ok := e.known[label]; ok {
		return target, nil
	}
	var none T
	if e.allUnknown || e.unknown[label] {
		return none, e.NotKnown(label)
	}
	if len(e.Labels()) == 0 {
		return none, e.noneConfigured()
	}
	return none, &problem.Problem{
		Kind: problem.Invalid,
		What: fmt.Sprintf("The provider block has no %s %q. It has %s.", e.noun, label, quoted(e.Labels())),
		Do: fmt.Sprintf("Correct the label, or add an entry %q to the %s of provider \"ceph\".", label, e.block) +
			fmt.Sprintf(" To take a %s out of the configuration, remove its resources first.", e.noun),
	}
}

// Resolve finds the entry that an existing object belongs to and checks its identity, before anything else is read or written there. The
// label decides, and its entry must have the remembered identity. Where the provider block no longer has the label, the entry with the
// remembered identity is used.
//
// A hypervisor that has a new identity under its old label was reinstalled. It is accepted with a warning, unless another label has the
// remembered identity, or the environment names it: that a variable was changed is likelier.
func (e *Entries[T]) Resolve(ctx context.Context, label, remembered string, diags *diag.Diagnostics) (T, error) {
	var none T
	target, err := e.Get(label)
	if err != nil {
		if remembered == "" || problem.Is(err, problem.Unknown) {
			return none, err
		}
		return e.find(ctx, label, remembered, err)
	}
	found, err := e.identity(ctx, target)
	if err != nil || remembered == "" || found == remembered {
		return target, err
	}
	mismatch := &problem.Problem{
		Kind: problem.WrongIdentity,
		What: fmt.Sprintf("The label %q now leads to another %s: its %s is %s, and the object is remembered on %s. Nothing was read or"+
			" written there.",
			label, e.noun, e.remembered, found, remembered),
		Why: fmt.Sprintf("The entry %q in the provider block was pointed at another %s, or two labels were exchanged.", label, e.noun),
		Do: fmt.Sprintf("Let the label lead to the former %s again. To move an object, add the other %s under a label of its own"+
			" and change the resource's %s to it.", e.noun, e.noun, e.noun),
	}
	if e.environment != "" {
		mismatch.Why = fmt.Sprintf("The environment variable %s names another %s than before.", e.environment, e.noun)
		mismatch.Do = fmt.Sprintf("Let it name the former %s. For several, set the argument %s of provider \"ceph\".", e.noun, e.block)
	}
	if e.environment != "" && e.reinstalls {
		mismatch.Why += " Or this one was installed anew."
		mismatch.Do += fmt.Sprintf(" One that was installed anew is taken for the same under its label there, %q.", label)
	}
	if !e.reinstalls || e.environment != "" {
		return none, mismatch
	}
	elsewhere, unreachable := e.search(ctx, remembered, label)
	if elsewhere != "" {
		mismatch.Why = fmt.Sprintf("The remembered %s now has the label %q.", e.noun, elsewhere)
		return none, mismatch
	}
	if err := e.notEverywhere(label, remembered, unreachable); err != nil {
		return none, err
	}
	diags.AddWarning("Hypervisor was reinstalled", fmt.Sprintf(
		"Hypervisor %q now has the host_uuid %s instead of %s. It is taken for the same host, newly installed; what it lost is made again.",
		label, found, remembered))
	return target, nil
}

// find looks for the remembered identity among all entries, for a label that the provider block no longer has.
func (e *Entries[T]) find(ctx context.Context, label, remembered string, notConfigured error) (T, error) {
	var none T
	elsewhere, unreachable := e.search(ctx, remembered, label)
	if elsewhere != "" {
		return e.known[elsewhere], nil
	}
	if err := e.notEverywhere(label, remembered, unreachable); err != nil {
		return none, err
	}
	return none, notConfigured
}

// notEverywhere is the error of a search that found nothing and could not ask every entry.
func (e *Entries[T]) notEverywhere(label, remembered string, unreachable []string) error {
	switch {
	case len(e.unknown) > 0:
		return e.notKnownYet(fmt.Sprintf("which %s has the %s %s, because the settings of %s are not known", e.noun, e.remembered, remembered,
			quoted(e.Unasked())))
	case len(unreachable) > 0:
		return e.undecided(label, remembered, unreachable)
	}
	return nil
}

// search asks every entry except one for its identity, all at once.
func (e *Entries[T]) search(ctx context.Context, remembered, except string) (label string, unreachable []string) {
	labels := slices.DeleteFunc(e.Labels(), func(l string) bool { _, ok := e.known[l]; return !ok || l == except })
	found := make([]string, len(labels))
	failures := make([]error, len(labels))
	var all sync.WaitGroup
	for i, l := range labels {
		all.Go(func() { found[i], failures[i] = e.identity(ctx, e.known[l]) })
	}
	all.Wait()
	for i, l := range labels {
		if failures[i] != nil {
			unreachable = append(unreachable, l+": "+failures[i].Error())
		} else if found[i] == remembered {
			return l, nil
		}
	}
	return "", unreachable
}

func (e *Entries[T]) undecided(label, remembered string, unreachable []string) error {
	return &problem.Problem{
		Kind: problem.Unreachable,
		What: fmt.Sprintf("It can't be decided which %s the label %q stood for: the %s with the %s %s was not found, and not every %s"+
			" could be asked.",
			e.noun, label, e.noun, e.remembered, remembered, e.noun),
		Do:  fmt.Sprintf("Make the %s answer that is named below, or bring the label %q back, then plan again.", e.noun, label),
		Raw: strings.Join(unreachable, "; "),
	}
}

func (e *Entries[T]) notKnownYet(what string) error {
	return &problem.Problem{
		Kind: problem.Unknown,
		What: fmt.Sprintf("The provider configuration does not tell yet %s.", what),
		Why:  "It refers to values that are known only after apply. Checks that need the connection wait until then.",
		Do:   "Apply what the provider block refers to first, for example with -target.",
	}
}

func (e *Entries[T]) noneConfigured() error {
	return &problem.Problem{
		Kind: problem.Invalid,
		What: fmt.Sprintf("No %s is configured.", e.noun),
		Do:   fmt.Sprintf("Add the argument %s, with one entry for each %s, to provider \"ceph\".", e.block, e.noun),
	}
}

func quoted(labels []string) string {
	quoted := make([]string, len(labels))
	for i, l := range labels {
		quoted[i] = fmt.Sprintf("%q", l)
	}
	return strings.Join(quoted, ", ")
}
