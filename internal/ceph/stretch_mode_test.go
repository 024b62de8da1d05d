package ceph

import "testing"

func TestStretchModeDegraded(t *testing.T) {
	for dump, want := range map[string]bool{
		`{"stretch_mode": {"stretch_mode_enabled": true, "degraded_stretch_mode": 1, "recovering_stretch_mode": 0}}`:  true,
		`{"stretch_mode": {"stretch_mode_enabled": true, "degraded_stretch_mode": 1, "recovering_stretch_mode": 1}}`:  true,
		`{"stretch_mode": {"stretch_mode_enabled": true, "degraded_stretch_mode": 0, "recovering_stretch_mode": 0}}`:  false,
		`{"stretch_mode": {"stretch_mode_enabled": false, "degraded_stretch_mode": 0, "recovering_stretch_mode": 0}}`: false,
		`{}`: false, // of Ceph 15 or older
	} {
		cluster, _ := withFake(map[string]answer{"osd dump": {out: dump}})
		if got, err := cluster.StretchModeDegraded(t.Context()); err != nil || got != want {
			t.Errorf("%s: %t, %v", dump, got, err)
		}
	}
}
