package provider_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A client that has the image open for a moment after the attach, as one that makes a snapshot, takes no disk from a guest. One that stays
// does.
func TestPassingWatcher(t *testing.T) {
	known := newServer(t, nil)
	for passing, kept := range map[int]bool{0: true, 1: true, 4: true, 1000: false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, known, eastFSID, time.Minute)
			w.passing = passing
			s, end := w.server(t.Context())
			defer end()
			o := s.newObject("libvirt_rbd_disk")
			config := diskOf("passed")
			failed := errorsIn(s.applyPlan(o, config, s.plan(o, config)))
			if there := len(w.host.live) == 1; there != kept || kept != (failed == "") {
				t.Errorf("seen in %d looks: the guest has the disk: %v; %s", passing, there, failed)
			}
			if !kept && !strings.Contains(failed, "another client opened it in the moment of the attach") {
				t.Errorf("seen in %d looks: %s", passing, failed)
			}
		})
	}
}
