// Package readcache lets one reading of a cluster or a hypervisor serve many who ask: the pools, the images of a pool, the definition of a
// domain. A refresh reads one resource after the other, and without it each would ask for the same again. A cache lives as long as one
// plan or apply, and a reading is never older than the last change that this process made to what it tells of.
package readcache

import (
	"context"
	"sync"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Lifetime is how long after its beginning a reading may serve those who [Share] it.
const Lifetime = 2 * time.Second

// sharing is the mark of a context: true after Share, false after Afresh.
type sharing struct{}

// Share marks the context of an operation that only refreshes what is recorded. What it asks for may be answered by a reading that began
// at most Lifetime before.
func Share(ctx context.Context) context.Context { return context.WithValue(ctx, sharing{}, true) }

// Afresh marks the context of who wants a reading that begins from now on. What removes a resource from the state, refuses a change or
// deletes something is asked so.
func Afresh(ctx context.Context) context.Context { return context.WithValue(ctx, sharing{}, false) }

// Shared tells whether a context is marked by [Share].
func Shared(ctx context.Context) bool {
	shared, _ := ctx.Value(sharing{}).(bool)
	return shared
}

// Cache holds the last reading of each key. The zero value is empty. It is safe for concurrent use; what it returns is shared, and must
// not be changed.
type Cache[K comparable, V any] struct {
	// Burst is how long a reading may serve those whose context is marked neither by [Share] nor by [Afresh].
	Burst time.Duration

	mu       sync.Mutex
	readings map[K]*reading[V]
	queues   map[K]*queue[V]
}

// reading is one that is under way, or has succeeded.
type reading[V any] struct {
	begun time.Time     // zero while it waits for its turn
	done  chan struct{} // closed when the rest is set
	value V
	err   error
	// The context of who read had ended, or that reader could do without an answer and so gave up earlier: err may tell others nothing.
	ended, optional bool
}

// queue orders the readings of a key that are asked for because none may serve: one is under way, and all who ask meanwhile share the next.
type queue[V any] struct {
	turn chan struct{} // full while one is under way
	next *reading[V]   // nil where nobody waits
}

// Get returns what a reading tells that may serve this context, or else reads. However many want a reading that begins from now on, one at
// a time is under way, and those who ask meanwhile share the next. Who waits for another's reading gets its error too where that got no
// answer, or would get none because of missing OSDs; a refusal, or that something isn't there, everybody asks for themselves.
func (c *Cache[K, V]) Get(ctx context.Context, key K, read func(context.Context) (V, error)) (V, error) {
	r, turn := c.readingFor(key, c.lifetime(ctx))
	select {
	case turn <- struct{}{}: // never where the reading may serve as it is: there is no turn then
		mine := c.begin(key, r)
		if mine {
			r.value, r.err = read(ctx)
			r.ended, r.optional = ctx.Err() != nil, breaker.IsOptional(ctx)
			if r.err != nil {
				c.remove(key, r)
			}
			close(r.done)
		}
		<-turn
		if mine {
			return r.value, problem.Copy(r.err)
		}
	case <-r.done:
	case <-ctx.Done():
	}
	// Who reads says what it means that the context has ended.
	if ctx.Err() != nil || !r.tells(ctx) {
		value, err := read(ctx)
		return value, problem.Copy(err)
	}
	return r.value, problem.Copy(r.err)
}

// tells tells whether the reading says to another who asks what it would learn by itself.
func (r *reading[V]) tells(ctx context.Context) bool {
	if r.err == nil {
		return true
	}
	if r.ended || r.optional && !breaker.IsOptional(ctx) {
		return false
	}
	return problem.NoAnswer(r.err) || problem.Is(r.err, problem.Unserved)
}

// lifetime is how old a reading may be that serves a context; negative where none may.
func (c *Cache[K, V]) lifetime(ctx context.Context) time.Duration {
	switch shared, marked := ctx.Value(sharing{}).(bool); {
	case shared:
		return Lifetime
	case marked || c.Burst == 0:
		return -1
	}
	return c.Burst
}

// readingFor returns the last reading if it is young enough, or else the next one, with the turn that who begins it takes.
func (c *Cache[K, V]) readingFor(key K, lifetime time.Duration) (*reading[V], chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last := c.readings[key]; last != nil && time.Since(last.begun) <= lifetime {
		return last, nil
	}
	if c.queues == nil {
		c.queues = map[K]*queue[V]{}
	}
	q := c.queues[key]
	if q == nil {
		q = &queue[V]{turn: make(chan struct{}, 1)}
		c.queues[key] = q
	}
	if q.next == nil {
		q.next = &reading[V]{done: make(chan struct{})}
	}
	return q.next, q.turn
}

// begin is called by who has the turn. It reports false for a reading that another has done meanwhile.
func (c *Cache[K, V]) begin(key K, r *reading[V]) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !r.begun.IsZero() {
		return false
	}
	r.begun = time.Now()
	c.queues[key].next = nil
	if c.readings == nil {
		c.readings = map[K]*reading[V]{}
	}
	c.readings[key] = r
	return true
}

// remove removes a reading, unless a later one has taken its place.
func (c *Cache[K, V]) remove(key K, r *reading[V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.readings[key] == r {
		delete(c.readings, key)
	}
}

// Changing drops all readings, at once and again when the change is over: call what it returns then. A reading that was under way meanwhile
// serves nobody who comes later.
func (c *Cache[K, V]) Changing() (changed func()) {
	drop := func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.readings = nil
	}
	drop()
	return drop
}
