package testbed

import (
	"context"
	"fmt"
	"strings"
)

// CounterState is the state of the loop that StartCounter starts.
type CounterState struct {
	Rounds    int // writes tried, each confirmed by the disk and read back
	Errors    int // rounds that failed
	LastError string
}

// StartCounter starts a loop in the guest that writes a growing number to the device, 1 MiB from its start, waits until
// the disk has it, and reads it back. It shows whether the guest's I/O works, hangs or fails.
func (g *Guest) StartCounter(ctx context.Context, device string) error {
	if !deviceName.MatchString(device) {
		return fmt.Errorf("%q is no device of a guest", device)
	}
	_, err := g.Run(ctx, "[ -e /run/counter.pid ] && kill $(cat /run/counter.pid); rm -f /run/counter /run/counter.error; "+
		"counter "+device+" >/dev/null 2>&1 & echo $! >/run/counter.pid")
	return err
}

// StopCounter ends the loop, so that nothing in the guest opens the device any more.
func (g *Guest) StopCounter(ctx context.Context) error {
	_, err := g.Run(ctx, "kill $(cat /run/counter.pid); rm /run/counter.pid")
	return err
}

// Counter returns the state of the loop, also while its I/O hangs.
func (g *Guest) Counter(ctx context.Context) (CounterState, error) {
	output, err := g.Run(ctx, "cat /run/counter 2>/dev/null || echo 0 0; cat /run/counter.error 2>/dev/null; true")
	if err != nil {
		return CounterState{}, err
	}
	first, rest, _ := strings.Cut(output, "\n")
	var state CounterState
	if _, err := fmt.Sscan(first, &state.Rounds, &state.Errors); err != nil {
		return CounterState{}, fmt.Errorf("the guest's counter can't be understood: %q", output)
	}
	state.LastError = strings.TrimSpace(rest)
	return state, nil
}
