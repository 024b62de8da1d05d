package rados

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// handle stands for one of librados.
type handle struct {
	lifetime

	used  int // so that the race detector sees a use without an order
	freed atomic.Int32
}

func newHandle() *handle {
	h := &handle{}
	h.free = func() {
		h.used++
		h.freed.Add(1)
	}
	return h
}

// Whatever calls come while a connection is closed, none is in the handle after its end, and it ends once.
func TestCallsThatRaceWithClose(t *testing.T) {
	for range 200 {
		h := newHandle()
		var all sync.WaitGroup
		var ran, refused atomic.Int32
		for range 16 {
			all.Go(func() {
				for {
					_, err := during(t.Context(), &h.lifetime, func() (int, error) {
						ran.Add(1)
						if h.freed.Load() > 0 {
							t.Error("a call is in a handle that was freed")
						}
						return h.used, nil
					})
					if err != nil {
						refused.Add(1)
						if !errors.Is(err, ceph.ENOTCONN) {
							t.Error(err)
						}
						return
					}
				}
			})
		}
		for ran.Load() == 0 {
			time.Sleep(time.Microsecond)
		}
		all.Go(h.close)
		all.Go(h.close)
		all.Wait()
		for h.freed.Load() == 0 { // the goroutine of the last call may still be on its way out
			time.Sleep(time.Microsecond)
		}
		if n := h.freed.Load(); n != 1 || refused.Load() != 16 {
			t.Fatalf("freed %d times, %d calls were refused", n, refused.Load())
		}
	}
}

// A call that hangs is left at the end of its context. Close does not wait for it, what the call uses is not freed, and no other call waits
// behind it: neither one that comes later, nor one that the call itself makes.
func TestCloseWhileACallHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, goesOn, nested := newHandle(), make(chan struct{}), make(chan error, 1)
		begun := time.Now()
		after := func(want time.Duration, what string) {
			t.Helper()
			if took := time.Since(begun); took != want {
				t.Errorf("%s: after %s, not %s", what, took, want)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := during(ctx, &h.lifetime, func() (int, error) {
			<-goesOn
			_, err := during(t.Context(), &h.lifetime, func() (int, error) { return h.used, nil })
			nested <- err
			return h.used, nil
		})
		after(5*time.Second, "the call")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		h.close()
		if _, err := during(t.Context(), &h.lifetime, func() (int, error) { return h.used, nil }); !errors.Is(err, ceph.ENOTCONN) {
			t.Errorf("a later call: %v", err)
		}
		synctest.Wait()
		after(5*time.Second, "the close and a later call")
		if h.freed.Load() != 0 {
			t.Error("freed under the call")
		}
		close(goesOn)
		if err := <-nested; !errors.Is(err, ceph.ENOTCONN) {
			t.Errorf("a call within the call: %v", err)
		}
		synctest.Wait()
		if n := h.freed.Load(); n != 1 {
			t.Errorf("freed %d times", n)
		}
	})
}
