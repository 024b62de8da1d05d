package libvirt

import (
	"context"
	"sync"
)

// KeyedLock lets one caller per key in at a time. Waiting for it ends with the context.
type KeyedLock struct {
	mu   sync.Mutex
	held map[string]*turn
}

type turn struct {
	free    chan struct{} // holds one token while nobody is in
	waiting int           // callers that are in or wait
}

// Lock waits for the key and returns the function that gives it back.
func (k *KeyedLock) Lock(ctx context.Context, key string) (unlock func(), err error) {
	k.mu.Lock()
	if k.held == nil {
		k.held = map[string]*turn{}
	}
	t := k.held[key]
	if t == nil {
		t = &turn{free: make(chan struct{}, 1)}
		t.free <- struct{}{}
		k.held[key] = t
	}
	t.waiting++
	k.mu.Unlock()

	leave := func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		t.waiting--
		if t.waiting == 0 {
			delete(k.held, key)
		}
	}
	select {
	case <-t.free:
		return func() {
			t.free <- struct{}{}
			leave()
		}, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
