//go:build cgo

package acctest

import (
	"testing"
	"time"
)

// eventuallyTimeout is how long [Eventually] waits.
const eventuallyTimeout = 30 * time.Second

// Eventually waits until isSo returns true, and fails the test when that takes too long.
func Eventually(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for end := time.Now().Add(eventuallyTimeout); !isSo(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited for %s, which did not happen within %s", what, eventuallyTimeout)
		}
	}
}
