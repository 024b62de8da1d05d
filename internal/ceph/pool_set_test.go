package ceph

import (
	"context"
	"reflect"
	"slices"
	"testing"
)

func TestSettingBatches(t *testing.T) {
	got := settingBatches(map[string]string{
		"size": "2", "min_size": "1", "nosizechange": "false", "nopgchange": "true", "pg_autoscale_mode": "off", "pg_num": "8",
		"pgp_num": "8", "bulk": Clear,
	}, map[string]bool{"pg_num": true})
	want := [][]string{{"nosizechange", "pg_autoscale_mode"}, {"bulk", "pg_num", "size"}, {"pgp_num"}, nil, {"min_size"}, {"nopgchange"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

// A bound that has to give way goes before pg_num, one that closes in after it.
func TestSettingBatchesOfBounds(t *testing.T) {
	for name, tc := range map[string]struct {
		low, high string
		raised    bool
		want      [][]string
	}{
		"raised":  {"16", "64", true, [][]string{{"pg_num_max"}, {"pg_num"}, {"pg_num_min"}, nil, nil, nil}},
		"lowered": {"4", "8", false, [][]string{{"pg_num_min"}, {"pg_num"}, {"pg_num_max"}, nil, nil, nil}},
		"lifted":  {Clear, Clear, false, [][]string{{"pg_num_max", "pg_num_min"}, {"pg_num"}, nil, nil, nil, nil}},
	} {
		got := settingBatches(map[string]string{"pg_num": "8", "pg_num_min": tc.low, "pg_num_max": tc.high}, map[string]bool{"pg_num": tc.raised})
		if !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// Between two changes there are never fewer OSDs than the pool needs: a smaller number goes before the rule, a larger one after.
func TestSettingBatchesOfPlacement(t *testing.T) {
	for name, tc := range map[string]struct {
		settings map[string]string
		want     []string // in their order
	}{
		"more OSDs": {map[string]string{"crush_rule": "r", "size": "3"}, []string{"crush_rule", "size"}},
		"more OSDs, all of them needed": {
			map[string]string{"crush_rule": "r", "size": "3", "min_size": "3"}, []string{"crush_rule", "size", "min_size"},
		},
		"fewer OSDs": {map[string]string{"crush_rule": "r", "size": "1"}, []string{"size", "crush_rule"}},
		"fewer OSDs, min_size by hand": {
			map[string]string{"crush_rule": "r", "size": "1", "min_size": "1"}, []string{"size", "crush_rule", "min_size"},
		},
		"rule with fewer needed OSDs":   {map[string]string{"crush_rule": "r", "min_size": "1"}, []string{"min_size", "crush_rule"}},
		"rule with more needed OSDs":    {map[string]string{"crush_rule": "r", "min_size": "3"}, []string{"crush_rule", "min_size"}},
		"sizes alone, as it always was": {map[string]string{"size": "3", "min_size": "1"}, []string{"size", "min_size"}},
		"locked afterwards, not between": {
			map[string]string{"size": "3", "crush_rule": "r", "nosizechange": "true"}, []string{"crush_rule", "size", "nosizechange"},
		},
	} {
		raised := Pool{Size: 2, MinSize: 2}.raised(tc.settings)
		var got []string
		for _, batch := range settingBatches(tc.settings, raised) {
			if len(batch) > 1 {
				t.Errorf("%s: %v are sent at the same time", name, batch)
			}
			got = append(got, batch...)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSetPoolCommands(t *testing.T) {
	answers := poolAnswers(t)
	answers["osd pool set"], answers["osd pool set-quota"] = answer{}, answer{}
	cluster, conn := withFake(answers)
	err := cluster.SetPool(context.Background(), "full", map[string]string{
		"size": "1", "compression_mode": Clear, "quota_max_bytes": Clear,
		"target_size_ratio": Clear,
	})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{}
	for _, cmd := range conn.sent("osd pool set") {
		variable, _ := cmd["var"].(string)
		values[variable] = cmd["val"]
		if confirmed := cmd["yes_i_really_mean_it"] == true; confirmed != (cmd["var"] == "size") {
			t.Errorf("%v", cmd)
		}
	}
	if want := map[string]any{"size": "1", "compression_mode": "unset", "target_size_ratio": "0"}; !reflect.DeepEqual(values, want) {
		t.Errorf("%v", values)
	}
	if quota := conn.sent("osd pool set-quota"); len(quota) != 1 || quota[0]["field"] != "max_bytes" || quota[0]["val"] != "0" {
		t.Errorf("%v", quota)
	}
}
