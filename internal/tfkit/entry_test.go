package tfkit

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

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
		"create where not known yet":   {value("later"), null, null, two, value("later"), unknown, false, false, 0},
		"unchanged, not known yet":     {value("later"), value("later"), value("A"), two, value("later"), value("A"), false, false, 0},
		"moved to one not known yet":   {value("later"), value("a"), value("A"), two, value("later"), unknown, false, false, problem.Unknown},
		"recorded label is gone":       {null, value("former"), value("B"), two, value("former"), value("B"), false, true, 0},
		"configured label leads away":  {value("a"), value("a"), value("X"), two, value("a"), unknown, false, false, problem.WrongIdentity},
		"configured label not present": {value("nosuch"), value("a"), value("A"), two, value("nosuch"), unknown, false, false, problem.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			var diags diag.Diagnostics
			e := entries(false, tc.sites)
			if len(tc.sites) > 1 {
				e.AddUnknown("later")
			}
			entry, err := e.PlanEntry(t.Context(), tc.configured, tc.label, tc.identity, &diags)
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
