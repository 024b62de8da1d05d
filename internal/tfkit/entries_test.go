package tfkit

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// site is a cluster or host of these tests: its name is its identity, "" does not answer.
type site struct{ id string }

func entries(reinstalls bool, sites map[string]string) *Entries[site] {
	e := &Entries[site]{noun: "cluster", block: "clusters", remembered: "fsid", reinstalls: reinstalls}
	e.identity = func(_ context.Context, s site) (string, error) {
		if s.id == "" {
			return "", &problem.Problem{Kind: problem.Unreachable, What: "no answer"}
		}
		return s.id, nil
	}
	for label, id := range sites {
		e.Add(label, site{id})
	}
	return e
}

func TestResolve(t *testing.T) {
	for name, tc := range map[string]struct {
		sites             map[string]string
		unknown           string // a label with unknown settings
		reinstalls        bool
		label, remembered string
		want              string // identity that is reached
		kind              problem.Kind
		says              string
		warns             bool
	}{
		"first use":     {sites: map[string]string{"a": "A"}, label: "a", want: "A"},
		"same identity": {sites: map[string]string{"a": "A"}, label: "a", remembered: "A", want: "A"},
		"label leads elsewhere": {
			sites: map[string]string{"a": "B"}, label: "a", remembered: "A", kind: problem.WrongIdentity, says: "now leads to another",
		},
		"labels exchanged": {
			sites: map[string]string{"a": "B", "b": "A"}, label: "a", remembered: "A", kind: problem.WrongIdentity,
		},
		"label renamed":              {sites: map[string]string{"b": "B", "c": "A"}, label: "a", remembered: "A", want: "A"},
		"label renamed, others down": {sites: map[string]string{"b": "", "c": "A"}, label: "a", remembered: "A", want: "A"},
		"label gone": {
			sites: map[string]string{"b": "B"}, label: "a", remembered: "A", kind: problem.Invalid, says: `has no cluster "a". It has "b"`,
		},
		"label gone, one can't be asked": {
			sites: map[string]string{"b": ""}, label: "a", remembered: "A", kind: problem.Unreachable, says: "can't be decided",
		},
		"label gone, one is unknown": {sites: map[string]string{"b": "B"}, unknown: "c", label: "a", remembered: "A", kind: problem.Unknown},
		"label unknown":              {unknown: "a", label: "a", kind: problem.Unknown},
		"does not answer":            {sites: map[string]string{"a": ""}, label: "a", remembered: "A", kind: problem.Unreachable},
		"nothing configured":         {label: "a", kind: problem.Invalid, says: "Add the argument clusters"},
		"reinstalled host": {
			sites: map[string]string{"a": "B"}, reinstalls: true, label: "a", remembered: "A", want: "B", warns: true,
		},
		"exchanged hosts": {
			sites: map[string]string{"a": "B", "b": "A"}, reinstalls: true, label: "a", remembered: "A",
			kind: problem.WrongIdentity, says: `label "b"`,
		},
		"reinstalled, one is unknown": {
			sites: map[string]string{"a": "B"}, unknown: "c", reinstalls: true, label: "a", remembered: "A",
			kind: problem.Unknown, says: `settings of "c"`,
		},
		"exchanged, another is unknown": {
			sites: map[string]string{"a": "B", "b": "A"}, unknown: "c", reinstalls: true, label: "a", remembered: "A", kind: problem.WrongIdentity,
		},
		"renamed, another is unknown": {sites: map[string]string{"b": "A"}, unknown: "c", label: "a", remembered: "A", want: "A"},
		"reinstalled, one can't be asked": {
			sites: map[string]string{"a": "B", "b": ""}, reinstalls: true, label: "a", remembered: "A", kind: problem.Unreachable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := entries(tc.reinstalls, tc.sites)
			if tc.unknown != "" {
				e.AddUnknown(tc.unknown)
			}
			var diags diag.Diagnostics
			got, err := e.Resolve(t.Context(), tc.label, tc.remembered, &diags)
			if got.id != tc.want || (tc.want == "") != (err != nil) {
				t.Fatalf("reached %q, error %v", got.id, err)
			}
			if err != nil && (!problem.Is(err, tc.kind) || !strings.Contains(err.Error(), tc.says)) {
				t.Errorf("error %v", err)
			}
			if (diags.WarningsCount() > 0) != tc.warns {
				t.Errorf("diagnostics %v", diags)
			}
		})
	}
}

func TestDefaultLabel(t *testing.T) {
	if label, err := entries(false, map[string]string{"a": "A"}).DefaultLabel(); label != "a" || err != nil {
		t.Errorf("the only one: %q, %v", label, err)
	}
	_, err := entries(false, map[string]string{"b": "B", "a": "A"}).DefaultLabel()
	if !problem.Is(err, problem.Invalid) || !strings.Contains(err.Error(), `"a", "b"`) {
		t.Errorf("several: %v", err)
	}
	if _, err := entries(false, nil).DefaultLabel(); !problem.Is(err, problem.Invalid) {
		t.Errorf("none: %v", err)
	}
	e := entries(false, nil)
	e.SetUnknown()
	if _, err := e.DefaultLabel(); !problem.Is(err, problem.Unknown) {
		t.Errorf("unknown: %v", err)
	}
}

func TestPlanEntry(t *testing.T) {
	null, unknown, value := types.StringNull(), types.StringUnknown(), types.StringValue
	two := map[string]string{"a": "A", "b": "B", "alias": "A", "down": ""}
	for name, tc := range map[string]struct {
		configured, label, identity types.String
		sites                       map[string]string
		wantLabel, wantIdentity     types.String
		moved, known                bool
		kind                        problem.Kind
	}{
		"create":                       {value("a"), null, null, two, value("a"), value("A"), false, true, 0},
		"create with the only one":     {null, null, null, map[string]string{"a": "A"}, value("a"), value("A"), false, true, 0},
		"create, label unknown":        {unknown, null, null, two, unknown, unknown, false, false, 0},
		"create where none answers":    {value("down"), null, null, two, value("down"), unknown, false, false, problem.Unreachable},
		"unchanged":                    {value("a"), value("a"), value("A"), two, value("a"), value("A"), false, true, 0},
		"recorded label stays":         {null, value("b"), value("B"), two, value("b"), value("B"), false, true, 0},
		"renamed":                      {value("alias"), value("a"), value("A"), two, value("alias"), value("A"), false, true, 0},
		"moved":                        {value("b"), value("a"), value("A"), two, value("b"), value("B"), true, true, 0},
		"moved to one that is down":    {value("down"), value("a"), value("A"), two, value("down"), unknown, false, false, problem.Unreachable},
		"recorded label is gone":       {null, value("former"), value("B"), two, value("former"), value("B"), false, true, 0},
		"configured label leads away":  {value("a"), value("a"), value("X"), two, value("a"), unknown, false, false, problem.WrongIdentity},
		"configured label not present": {value("nosuch"), value("a"), value("A"), two, value("nosuch"), unknown, false, false, problem.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			var diags diag.Diagnostics
			entry, err := entries(false, tc.sites).PlanEntry(t.Context(), tc.configured, tc.label, tc.identity, &diags)
			if (err != nil) != (tc.kind != 0) || err != nil && !problem.Is(err, tc.kind) {
				t.Fatalf("error %v", err)
			}
			if err != nil {
				return
			}
			if !entry.Label.Equal(tc.wantLabel) || !entry.Identity.Equal(tc.wantIdentity) || entry.Moved != tc.moved || entry.Known != tc.known {
				t.Errorf("got %+v", entry)
			}
		})
	}
}

func TestApplyEntryChecksThePlannedIdentity(t *testing.T) {
	var diags diag.Diagnostics
	e := entries(false, map[string]string{"a": "A"})
	if entry, err := e.ApplyEntry(t.Context(), types.StringUnknown(), types.StringUnknown(), &diags); err != nil ||
		entry.Label.ValueString() != "a" {
		t.Errorf("got %+v, %v", entry, err)
	}
	if _, err := e.ApplyEntry(t.Context(), types.StringValue("a"), types.StringValue("B"), &diags); !problem.Is(err, problem.WrongIdentity) {
		t.Errorf("error %v", err)
	}
}

func TestWarnIfUnknown(t *testing.T) {
	var diags diag.Diagnostics
	if WarnIfUnknown(&diags, errors.New("lost connection")) || diags.WarningsCount() != 0 {
		t.Error("a lost connection must stay an error")
	}
	if !WarnIfUnknown(&diags, &problem.Problem{Kind: problem.Unknown}) || diags.WarningsCount() != 1 {
		t.Error("an unknown configuration must be a warning")
	}
}
