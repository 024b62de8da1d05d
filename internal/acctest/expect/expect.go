// Package expect has what tests of clients expect of calls: a result, no error, a problem of a kind, an end.
package expect

import (
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Timeout is longer than each limit that tests set: what takes as long hangs.
const Timeout = 3 * time.Minute

// NoError ends the test with an error.
func NoError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Value is the result of a call that has to succeed: expect.Value(call())(t).
func Value[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		NoError(t, err)
		return value
	}
}

// Problem ends the test where an error is not a problem of this kind, and fails it for each of the words that the error doesn't have.
func Problem(t *testing.T, err error, kind problem.Kind, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if !problem.Is(err, kind) {
		t.Fatalf("not of kind %q: %v", kind, err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q is missing in: %v", word, err)
		}
	}
}

// Return is what f returns. It ends the test where f takes longer than [Timeout].
func Return(t *testing.T, f func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(Timeout):
		t.Fatal("the call did not end")
		return nil
	}
}

// Eventually waits until something has happened. It ends the test after [Timeout].
func Eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Timeout); !happened(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what + " did not come")
		}
	}
}

// Allocations fails the test where work allocates about twice as often as was kept, or half as often: then another number is to be kept.
// They are counts, which hardly differ between machines.
func Allocations(t *testing.T, kept float64, work func()) {
	t.Helper()
	if got := testing.AllocsPerRun(1, work); got > 1.8*kept || got < kept/1.8 {
		t.Errorf("%v allocations instead of %v: go test -bench . -benchmem -memprofile shows where they are made", got, kept)
	}
}
