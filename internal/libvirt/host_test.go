package libvirt

import (
	"testing"
	"time"
)

// Where the provider block sets no time limits, those are in force that its page tells.
func TestTimeouts(t *testing.T) {
	for name, tc := range map[string]struct {
		set, inForce [2]time.Duration // connect, operation
	}{
		"neither": {[2]time.Duration{}, [2]time.Duration{30 * time.Second, 5 * time.Minute}},
		"one":     {[2]time.Duration{0, time.Hour}, [2]time.Duration{30 * time.Second, time.Hour}},
		"both":    {[2]time.Duration{time.Second, time.Hour}, [2]time.Duration{time.Second, time.Hour}},
	} {
		h := host(t, Config{URI: "qemu:///system", ConnectTimeout: tc.set[0], OperationTimeout: tc.set[1]})
		if h.config.ConnectTimeout != tc.inForce[0] || h.config.OperationTimeout != tc.inForce[1] {
			t.Errorf("%s: %s, %s", name, h.config.ConnectTimeout, h.config.OperationTimeout)
		}
	}
}
