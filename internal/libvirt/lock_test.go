package libvirt

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

func TestOneAtATimePerKey(t *testing.T) {
	var k KeyedLock
	inside := map[string]int{}
	var all sync.WaitGroup
	for range 20 {
		for _, key := range []string{"a", "b"} {
			all.Add(1)
			go func() {
				defer all.Done()
				unlock, err := k.Lock(t.Context(), key)
				if err != nil {
					t.Error(err)
					return
				}
				defer unlock()
				if key == "a" { // The race detector sees two callers inside.
					inside["a"]++
				}
			}()
		}
	}
	all.Wait()
	if inside["a"] != 20 || len(k.keys) != 0 {
		t.Errorf("%v, %d keys are left", inside, len(k.keys))
	}
}

func TestWaitingForAKeyEndsWithTheContext(t *testing.T) {
	var k KeyedLock
	unlock, err := k.Lock(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	other, err := k.Lock(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	other()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.Lock(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	unlock()
	if len(k.keys) != 0 {
		t.Error("keys are left")
	}
}

func TestSharersOfAKeyKeepOnlyOthersAway(t *testing.T) {
	var k KeyedLock
	for range 2 {
		unlock, err := k.Share(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := k.Lock(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("locked while it is shared: %v", err)
	}
	unlock, err := k.Lock(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := k.Share(ctx, "b"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("shared while it is locked: %v", err)
	}
}

// Two labels may lead to one host, and a domain may migrate from one to another.
func TestChangesOfADomainWaitForThoseThroughAnotherLabel(t *testing.T) {
	d := newFakeDaemon(t)
	withDisk(t, d)
	const domain = "0d2f8e6c-3c1b-4a55-9d0e-3f0b7c2a9e41"
	locks := &KeyedLock{}
	one, two := host(t, Config{URI: d.uri(), DomainLocks: locks}), host(t, Config{Label: "kvm2", URI: d.uri(), DomainLocks: locks})
	_, unlock, err := one.changing(t.Context(), operation{}, domain)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, _, err := two.changing(ctx, operation{}, domain); err == nil {
		t.Error("two changes at once")
	}
	unlock()
	if _, unlock, err = two.changing(t.Context(), operation{}, domain); err != nil {
		t.Fatal(err)
	}
	unlock()
}
