package ceph

import (
	"strings"
	"testing"
)

func TestMonHost(t *testing.T) {
	for _, row := range []struct {
		monitor Monitor
		want    string
	}{
		{Monitor{V1: Endpoint{"192.0.2.1", 6789}, V2: Endpoint{"192.0.2.1", 3300}}, "[v2:192.0.2.1:3300,v1:192.0.2.1:6789]"},
		{Monitor{V1: Endpoint{"2001:db8::1", 6789}, V2: Endpoint{"2001:db8::1", 3300}}, "[v2:[2001:db8::1]:3300,v1:[2001:db8::1]:6789]"},
		{Monitor{V1: Endpoint{"192.0.2.1", 7000}}, "v1:192.0.2.1:7000"},
		{Monitor{V2: Endpoint{"2001:db8::1", 3300}}, "v2:[2001:db8::1]:3300"},
	} {
		if got := row.monitor.MonHost(); got != row.want {
			t.Errorf("%+v: got %s, want %s", row.monitor, got, row.want)
		}
	}
}

func TestJoinMonHost(t *testing.T) {
	for _, row := range []struct {
		monitors []string
		want     string
		refuse   string
	}{
		{monitors: []string{"mon2", "mon1", "mon2"}, want: "mon1,mon2"},
		{monitors: []string{"192.0.2.1:3300", "v1:192.0.2.2:6789"}, want: "192.0.2.1:3300,v1:192.0.2.2:6789"},
		{monitors: []string{"[v2:192.0.2.1:3300,v1:192.0.2.1:6789]"}, want: "[v2:192.0.2.1:3300,v1:192.0.2.1:6789]"},
		{monitors: []string{"2001:db8::1", "[2001:db8::2]:3300"}, want: "[2001:db8::1],[2001:db8::2]:3300"},
		{refuse: "no monitor"},
		{monitors: []string{""}, refuse: "A monitor is empty."},
		{monitors: []string{"mon1,mon2"}, refuse: "is not one monitor"},
		{monitors: []string{"mon1 mon2"}, refuse: "is not one monitor"},
		{monitors: []string{"mon1;mon2"}, refuse: "is not one monitor"},
		{monitors: []string{"mon1\nkey = x"}, refuse: "is not one monitor"},
	} {
		got, err := JoinMonHost(row.monitors)
		switch {
		case row.refuse != "" && (err == nil || !strings.Contains(err.Error(), row.refuse)):
			t.Errorf("%q: got %s, %v, want it refused: %s", row.monitors, got, err, row.refuse)
		case row.refuse == "" && (err != nil || got != row.want):
			t.Errorf("%q: got %s, %v, want %s", row.monitors, got, err, row.want)
		}
	}
}
