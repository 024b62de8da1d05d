package ceph

import (
	"slices"
	"testing"
)

// What one bucket, one class and one failure domain can't say is told by the steps alone. These rules are made by hand, or by newer
// releases than that of the testbed.
func TestCrushRuleThatOnlyItsStepsTell(t *testing.T) {
	for name, tc := range map[string]struct {
		rule string
		kind string
		last string // the step before emit
	}{
		"several chunks per host": {
			`"type": 5, "steps": [{"op": "take", "item_name": "default"}, {"op": "choosemsr", "num": 3, "type": "host"},
				{"op": "choosemsr", "num": 2, "type": "osd"}, {"op": "emit"}]`,
			"msr_indep", "choosemsr 2 type osd",
		},
		"fewer than asked for": {
			`"type": 1, "steps": [{"op": "take", "item_name": "default"}, {"op": "chooseleaf_firstn", "num": -1, "type": "rack"}, {"op": "emit"}]`,
			Replicated, "chooseleaf firstn -1 type rack",
		},
		"buckets, not OSDs": {
			`"type": 1, "steps": [{"op": "take", "item_name": "default"}, {"op": "choose_firstn", "num": 0, "type": "host"}, {"op": "emit"}]`,
			Replicated, "choose firstn 0 type host",
		},
		"order of the other type": {
			`"type": 3, "steps": [{"op": "take", "item_name": "default"}, {"op": "chooseleaf_firstn", "num": 0, "type": "host"}, {"op": "emit"}]`,
			Erasure, "chooseleaf firstn 0 type host",
		},
		"a type of a later release": {
			`"type": 9, "steps": [{"op": "take", "item_name": "default"}, {"op": "chooseleaf_new", "num": 0, "type": "host"}, {"op": "emit"}]`,
			"", "chooseleaf new 0 type host",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cluster, _ := withFake(map[string]answer{"osd crush rule dump": {out: `[{"rule_id": 4, "rule_name": "x", ` + tc.rule + `}]`}})
			rule, err := cluster.CrushRule(t.Context(), "x")
			if err != nil {
				t.Fatal(err)
			}
			if rule.Root+rule.FailureDomain+rule.DeviceClass != "" {
				t.Errorf("more is told than the steps mean: %+v", rule)
			}
			if rule.Type != tc.kind || !slices.Contains(rule.Steps, tc.last) || rule.Steps[len(rule.Steps)-1] != "emit" {
				t.Errorf("got %+v", rule)
			}
		})
	}
}
