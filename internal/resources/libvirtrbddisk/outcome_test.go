//go:build cgo

package libvirtrbddisk_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// outcome is what a command of terraform writes with -json: the counts of its changes, and its diagnostics.
type outcome struct {
	Add, Change, Import, Remove int
	diagnostics                 []diagnostic
}

type diagnostic struct{ Severity, Summary, Detail, Address string }

// texts returns summary and detail of each diagnostic at a disk, sorted.
func (o outcome) texts(label, severity string) []string {
	texts := map[string]bool{}
	for _, d := range o.diagnostics {
		if d.Severity == severity && d.Address == diskType+"."+label {
			texts[d.Summary+"\n"+d.Detail] = true
		}
	}
	return slices.Sorted(maps.Keys(texts))
}

// said returns all diagnostics of a severity, whatever their address: the errors of a destroy have none.
func (o outcome) said(severity string) string {
	var text strings.Builder
	for _, d := range o.diagnostics {
		if d.Severity == severity {
			text.WriteString(d.Summary + "\n" + d.Detail + "\n")
		}
	}
	return text.String()
}

// listed returns the names that a text lists between these words and the next full stop, sorted.
func listed(text, after string) []string {
	_, rest, found := strings.Cut(text, after)
	if !found {
		return nil
	}
	list, _, _ := strings.Cut(strings.TrimSpace(rest), ".")
	names := strings.Split(list, ", ")
	slices.Sort(names)
	return names
}

// try runs a command of terraform with -json.
func try(t *testing.T, w *acctest.Workspace, args ...string) (outcome, error) {
	t.Helper()
	text, err := w.Try(t, append(args, "-input=false", "-json")...)
	var result outcome
	for line := range strings.Lines(text) {
		var entry struct {
			Diagnostic *diagnostic
			Changes    *outcome
		}
		if json.Unmarshal([]byte(line), &entry) != nil {
			t.Fatalf("terraform %s: %s", strings.Join(args, " "), text)
		}
		if entry.Diagnostic != nil {
			result.diagnostics = append(result.diagnostics, *entry.Diagnostic)
		}
		if entry.Changes != nil {
			entry.Changes.diagnostics = result.diagnostics
			result = *entry.Changes
		}
	}
	return result, err
}

// apply applies the configuration, which must succeed.
func apply(t *testing.T, w *acctest.Workspace) outcome {
	t.Helper()
	result, err := try(t, w, "apply", "-auto-approve")
	if err != nil {
		t.Fatalf("%v: %+v", err, result.diagnostics)
	}
	return result
}

// expectChanges compares the counts of what terraform did, or planned.
func expectChanges(t *testing.T, when string, got outcome, add, change, imported, remove int) {
	t.Helper()
	diagnostics := got.diagnostics
	got.diagnostics = nil
	if want := (outcome{Add: add, Change: change, Import: imported, Remove: remove}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: terraform counts %+v, want %+v; %+v", when, got, want, diagnostics)
	}
}

// stateOf returns the attributes of a disk in the state.
func stateOf(t *testing.T, w *acctest.Workspace, label string) map[string]any {
	t.Helper()
	var state struct {
		Resources []struct {
			Type, Name string
			Instances  []struct{ Attributes map[string]any }
		}
	}
	if err := json.Unmarshal(w.State(t), &state); err != nil {
		t.Fatal(err)
	}
	for _, r := range state.Resources {
		if r.Type == diskType && r.Name == label {
			return r.Instances[0].Attributes
		}
	}
	t.Fatalf("the state has no disk %s", label)
	return nil
}
