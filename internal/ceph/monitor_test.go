package ceph

import (
	"context"
	"slices"
	"testing"
)

func TestMonitorsAsRecorded(t *testing.T) {
	cluster, _ := withFake(map[string]answer{"mon dump": recorded(t, "mon-dump")})
	monitors, err := cluster.Monitors(context.Background())
	want := []Monitor{{Name: "a", V1: Endpoint{"127.0.77.1", 6789}, V2: Endpoint{"127.0.77.1", 3300}, InQuorum: true}}
	if err != nil || !slices.Equal(monitors, want) {
		t.Errorf("%+v, %v", monitors, err)
	}
	for _, release := range []string{"18", "20"} {
		cluster, _ := withFake(map[string]answer{"mon dump": recorded(t, "mon-dump-"+release)})
		if monitors, err := cluster.Monitors(context.Background()); err != nil || len(monitors) != 1 || monitors[0].V2.Port == 0 ||
			!monitors[0].InQuorum {
			t.Errorf("%s: %+v, %v", release, monitors, err)
		}
	}
	if e, err := parseEndpoint("[2001:db8::1]:3300"); err != nil || e != (Endpoint{"2001:db8::1", 3300}) {
		t.Errorf("%+v, %v", e, err)
	}
}
