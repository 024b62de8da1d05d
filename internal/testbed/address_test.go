package testbed

import (
	"testing"
)

func TestMonHost(t *testing.T) {
	got := monHost([]MonAddr{
		{Host: "192.0.2.1", V1Port: defaultV1Port, V2Port: defaultV2Port},
		{Host: "2001:db8::1", V1Port: 10000, V2Port: 10001},
	})
	if want := "192.0.2.1,[v2:[2001:db8::1]:10001,v1:[2001:db8::1]:10000]"; got != want {
		t.Errorf("got %s", got)
	}
}
