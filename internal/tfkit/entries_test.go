package tfkit

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

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
		environment       string
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
		"host of the environment": {
			sites: map[string]string{"a": "B"}, reinstalls: true, environment: "LIBVIRT_DEFAULT_URI", label: "a", remembered: "A",
			kind: problem.WrongIdentity, says: "LIBVIRT_DEFAULT_URI names another",
		},
		"same host of the environment": {
			sites: map[string]string{"a": "A"}, reinstalls: true, environment: "LIBVIRT_DEFAULT_URI", label: "a", remembered: "A", want: "A",
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
			for label := range tc.sites {
				if tc.environment != "" {
					e.AddFromEnvironment(label, tc.environment, site{tc.sites[label]})
				}
			}
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
	if label, err := entries(false, map[string]string{"a": "A"}).defaultLabel(); label != "a" || err != nil {
		t.Errorf("the only one: %q, %v", label, err)
	}
	_, err := entries(false, map[string]string{"b": "B", "a": "A"}).defaultLabel()
	if !problem.Is(err, problem.Invalid) || !strings.Contains(err.Error(), `"a", "b"`) {
		t.Errorf("several: %v", err)
	}
	if _, err := entries(false, nil).defaultLabel(); !problem.Is(err, problem.Invalid) {
		t.Errorf("none: %v", err)
	}
	e := entries(false, nil)
	e.SetUnknown()
	if _, err := e.defaultLabel(); !problem.Is(err, problem.Unknown) {
		t.Errorf("unknown: %v", err)
	}
}
