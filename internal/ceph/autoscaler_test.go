package ceph

import "testing"

func TestAutoscalerRests(t *testing.T) {
	for dump, want := range map[string]bool{
		`{"flags": "sortbitwise,noautoscale,recovery_deletes"}`: true,
		`{"flags": "sortbitwise,recovery_deletes"}`:             false,
		`{}`: false,
	} {
		cluster, _ := withFake(map[string]answer{"osd dump": {out: dump}})
		if got, err := cluster.AutoscalerRests(t.Context()); err != nil || got != want {
			t.Errorf("%s: %t, %v", dump, got, err)
		}
	}
}
