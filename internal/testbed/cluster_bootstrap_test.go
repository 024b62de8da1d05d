package testbed

import "testing"

// The counts of OSDs are one level deeper in what older releases reply.
func TestClusterIsUsable(t *testing.T) {
	for name, c := range map[string]struct {
		status string
		want   bool
	}{
		"16.2":            {`{"osdmap":{"epoch":9,"num_osds":2,"num_up_osds":2,"num_in_osds":2},"mgrmap":{"available":true}}`, true},
		"one OSD is down": {`{"osdmap":{"epoch":9,"num_osds":2,"num_up_osds":1,"num_in_osds":2},"mgrmap":{"available":true}}`, false},
		"no manager":      {`{"osdmap":{"epoch":9,"num_osds":2,"num_up_osds":2,"num_in_osds":2},"mgrmap":{"available":false}}`, false},
		"14.2": {
			`{"osdmap":{"osdmap":{"epoch":9,"num_osds":2,"num_up_osds":2,"num_in_osds":2,"full":false}},"mgrmap":{"available":true}}`, true,
		},
		"one OSD of 14.2 is out": {
			`{"osdmap":{"osdmap":{"epoch":9,"num_osds":2,"num_up_osds":2,"num_in_osds":1,"full":false}},"mgrmap":{"available":true}}`, false,
		},
	} {
		if got, err := isUsable([]byte(c.status), 2); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
