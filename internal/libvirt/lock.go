package libvirt

import (
	"context"
	"sync"
)

// KeyedLock is a lock for each key. Waiting for it ends with the context.
type KeyedLock struct {
	mu   sync.Mutex
	keys map[string]*keyState
}

type keyState struct {
	free    chan struct{} // holds one token while nobody has the lock
	waiting int           // callers that have the lock or wait for it
}

// Lock locks a key and returns the function that unlocks it.
func (k *KeyedLock) Lock(ctx context.Context, key string) (unlock func(), err error) {
	k.mu.Lock()
	if k.keys == nil {
		k.keys = map[string]*keyState{}
	}
	state := k.keys[key]
	if state == nil {
		state = &keyState{free: make(chan struct{}, 1)}
		state.free <- struct{}{}
		k.keys[key] = state
	}
	state.waiting++
	k.mu.Unlock()

	release := func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		state.waiting--
		if state.waiting == 0 {
			delete(k.keys, key)
		}
	}
	select {
	case <-state.free:
		return func() {
			state.free <- struct{}{}
			release()
		}, nil
	case <-ctx.Done():
		release()
		return nil, ctx.Err()
	}
}
