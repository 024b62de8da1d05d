//go:build cgo

package acctest

import "testing"

// Outage returns a function after which a cluster no longer answers, and one after which it answers again; that one is called
// at the end of the test too.
func Outage(t *testing.T, cluster string, pause, resume func() error) (begin, end func()) {
	t.Helper()
	do := func(what func() error) {
		if err := what(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() { do(resume) })
	return func() { do(pause) }, func() {
		do(resume)
		// Otherwise the time limit of the next step would also count how long its connection takes to find a monitor.
		AwaitConnections(t, cluster)
	}
}
