package tfkit

import (
	"context"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
)

// What a change has left can be read while it goes on, for as long as it may take, and for a moment after its time is over.
func TestReadBack(t *testing.T) {
	ctx, cancel := grace.WithTimeout(t.Context(), time.Hour)
	reading, done := ReadBack(ctx)
	if until, limited := reading.Deadline(); !limited || time.Until(until) < 30*time.Minute {
		t.Errorf("the reading of a change that goes on ends at %v", until)
	}
	done()
	cancel()
	over, end := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer end()
	late, done := ReadBack(over)
	defer done()
	if until, limited := late.Deadline(); late.Err() != nil || !limited || time.Until(until) > grace.Period {
		t.Errorf("the reading after the end: %v, until %v", late.Err(), until)
	}
}
