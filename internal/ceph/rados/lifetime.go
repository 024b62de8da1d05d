package rados

import (
	"context"
	"sync"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// lifetime is that of a handle of librados, which crashes the process when it is used after its end: closed, the handle takes no call any
// more, and it is freed when the last one has returned.
type lifetime struct {
	free func()

	mu     sync.Mutex
	calls  int // that are in the handle, also those for which nobody waits any more
	closed bool
}

// during runs f, which calls into C and can't be interrupted, and returns when f does or when ctx ends. An abandoned f goes on until
// librados gives up by its own timeouts, and its result is dropped. After the end of the handle f is not run: ceph.ENOTCONN.
func during[T any](ctx context.Context, l *lifetime, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	if !l.enter() {
		return none, ceph.ENOTCONN
	}
	done := make(chan result, 1)
	go func() {
		defer l.leave()
		value, err := f()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

func (l *lifetime) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.calls++
	}
	return !l.closed
}

func (l *lifetime) leave() {
	l.mu.Lock()
	l.calls--
	last := l.closed && l.calls == 0
	l.mu.Unlock()
	if last {
		l.free()
	}
}

// close waits neither for the calls nor for the end of the handle, which a cluster that hangs could delay.
func (l *lifetime) close() {
	l.mu.Lock()
	first := !l.closed
	l.closed = true
	unused := first && l.calls == 0
	l.mu.Unlock()
	if unused {
		go l.free()
	}
}
