package libvirt

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// KeyedLock is a lock for each key, which one has alone or several share. Waiting for it ends with the context.
type KeyedLock struct {
	mu   sync.Mutex
	keys map[string]*keyState
}

// maxSharers is how many can share a key at the same time.
const maxSharers = 1 << 20

type keyState struct {
	free    *semaphore.Weighted
	waiting int // callers that have the lock or wait for it
}

// Lock locks a key for the caller alone, and returns the function that unlocks it.
func (k *KeyedLock) Lock(ctx context.Context, key string) (unlock func(), err error) {
	return k.lock(ctx, key, maxSharers)
}

// Share locks a key against those that want it alone, and returns the function that unlocks it.
func (k *KeyedLock) Share(ctx context.Context, key string) (unlock func(), err error) {
	return k.lock(ctx, key, 1)
}

func (k *KeyedLock) lock(ctx context.Context, key string, taken int64) (unlock func(), err error) {
	k.mu.Lock()
	if k.keys == nil {
		k.keys = map[string]*keyState{}
	}
	state := k.keys[key]
	if state == nil {
		state = &keyState{free: semaphore.NewWeighted(maxSharers)}
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
	if !state.free.TryAcquire(taken) { // what is free is not waited for, so an ended context is for the next call to tell
		if err := state.free.Acquire(ctx, taken); err != nil {
			release()
			return nil, err
		}
	}
	return func() {
		state.free.Release(taken)
		release()
	}, nil
}
