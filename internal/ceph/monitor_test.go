package ceph

import (
	"context"
	"reflect"
	"testing"
)

func TestMonitorsAsRecorded(t *testing.T) {
	cluster, _ := withFake(map[string]answer{"mon dump": recorded(t, "mon-dump")})
	monitors, err := cluster.Monitors(context.Background())
	want := []Monitor{{Name: "a", V1: Endpoint{"127.0.77.1", 6789}, V2: Endpoint{"127.0.77.1", 3300}, InQuorum: true}}
	if err != nil || !reflect.DeepEqual(monitors, want) {
		t.Errorf("%+v, %v", monitors, err)
	}
	for _, release := range []string{"18", "20"} {
		cluster, _ := withFake(map[string]answer{"mon dump": recorded(t, "mon-dump-"+release)})
		if monitors, err := cluster.Monitors(context.Background()); err != nil || len(monitors) != 1 || monitors[0].V2.Port == 0 ||
			!monitors[0].InQuorum {
			t.Errorf("%s: %+v, %v", release, monitors, err)
		}
	}
	cluster, _ = withFake(map[string]answer{"mon dump": {out: `{"quorum":[0],"mons":[{"rank":0,"name":"a","public_addrs":{"addrvec":[
		{"type":"v2","addr":"192.0.2.1:3300"},{"type":"v1","addr":"192.0.2.1:6789"},
		{"type":"v2","addr":"[2001:db8::1]:3300"},{"type":"v1","addr":"[2001:db8::1]:6789"}]}}]}`}})
	monitors, err = cluster.Monitors(context.Background())
	want = []Monitor{{
		Name: "a", V1: Endpoint{"192.0.2.1", 6789}, V2: Endpoint{"192.0.2.1", 3300},
		Others: []Endpoint{{"2001:db8::1", 3300}, {"2001:db8::1", 6789}}, InQuorum: true,
	}}
	if err != nil || !reflect.DeepEqual(monitors, want) {
		t.Errorf("of two stacks: %+v, %v", monitors, err)
	}
	if e, err := parseEndpoint("[2001:db8::1]:3300"); err != nil || e != (Endpoint{"2001:db8::1", 3300}) {
		t.Errorf("%+v, %v", e, err)
	}
}
