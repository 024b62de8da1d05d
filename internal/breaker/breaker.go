// Package breaker shares one connection among all who ask the same service, behind a circuit breaker: once an attempt to connect has
// failed the breaker is open, and whoever asks next gets the same error at once instead of waiting for it again. It knows no clock: a
// breaker lives as long as one plan or apply, and stays open until somebody may retry.
//
//	the connection is      a read             a change ([Retry])             what can be left out ([Optional])
//	not made yet           connects           connects                       connects
//	being made             waits for it       waits for it                   waits for it, as long as its limit
//	made                   uses it            uses it                        uses it
//	lost, or retired       connects           connects                       connects
//	doubted                one checks it      one checks it                  one checks it
//	failed                 the same error     connects, once per operation   the same error
//	too slow for a limit   as above           as above                       the same error, until a connection is made anew
package breaker

import (
	"context"
	"io"
	"net"
	"sync"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Config says how connections are made and ended. A C is one of them.
type Config[C any] struct {
	// Dial makes a connection. The context belongs to all who wait for it.
	Dial func(context.Context) (C, error)
	// DialToEnd lets an attempt go on for which nobody waits any more. Otherwise its context ends with the last who waits.
	DialToEnd bool
	// Check asks on a connection that is doubted whether it is answered at all. An error opens the breaker.
	Check func(context.Context, C) error
	// Lost tells that a connection has ended by itself. It may be nil: then only calls notice that, and retire it.
	Lost func(C) bool
	// Close ends a connection.
	Close func(C)
	// Explain makes the error for callers who get no connection of: net.ErrClosed after [Breaker.Close], io.ErrUnexpectedEOF where each
	// new connection was lost at once, or the cause for which their own context has ended (see [TimeLimit]).
	Explain func(error) error
}

// Breaker makes the connection on first use, and anew after a loss. All who come while an attempt is under way wait for that one.
type Breaker[C any] struct {
	config Config[C]

	mu      sync.Mutex
	current *Session[C]
	pending *attempt
	closed  bool
	// failure of the last attempt, and when: while there is one the breaker is open.
	failure  error
	failedAt event
	// unanswered is what the first question got that could be left out and was not answered within its limit.
	unanswered error
}

// Session is one connection, shared by its users.
type Session[C any] struct {
	Conn C

	breaker *Breaker[C]
	users   int
	retired bool
	doubted bool
}

// attempt to connect, or to get an answer on a connection that is doubted, shared by all who wait for it.
type attempt struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiters int
	err     error // set before done is closed
}

// New returns a breaker that has not connected yet.
func New[C any](config Config[C]) *Breaker[C] { return &Breaker[C]{config: config} }

// attempts bounds how often one caller waits for a connection: a service that drops each one just after it was made must not keep it.
const attempts = 3

// Acquire returns the connection, making it where that is allowed. Each one needs a [Session.Release].
func (b *Breaker[C]) Acquire(ctx context.Context) (*Session[C], error) {
	for range attempts {
		session, pending, err := b.sessionOrAttempt(ctx)
		if session != nil || err != nil {
			return session, err
		}
		select {
		case <-pending.done:
			if pending.err != nil {
				return nil, problem.Copy(pending.err)
			}
		case <-ctx.Done():
			return nil, b.stopWaiting(ctx, pending)
		}
	}
	return nil, b.config.Explain(io.ErrUnexpectedEOF)
}

// sessionOrAttempt returns the connection, or the attempt that the caller has to wait for.
func (b *Breaker[C]) sessionOrAttempt(ctx context.Context) (*Session[C], *attempt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, nil, b.config.Explain(net.ErrClosed)
	}
	if b.unanswered != nil && IsOptional(ctx) {
		return nil, nil, problem.Copy(b.unanswered)
	}
	if b.current != nil && b.config.Lost != nil && b.config.Lost(b.current.Conn) {
		b.current = nil
	}
	if b.current != nil && !b.current.doubted {
		b.current.users++
		return b.current, nil, nil
	}
	if b.failure != nil && !mayRetry(ctx, b.failedAt) {
		return nil, nil, problem.Copy(b.failure)
	}
	if b.pending == nil {
		// None of the contexts of those who wait may end it.
		dialling, cancel := context.WithCancel(context.WithoutCancel(ctx))
		b.pending = &attempt{done: make(chan struct{}), cancel: cancel}
		if b.current != nil {
			b.current.users++
			go b.check(dialling, b.pending, b.current)
		} else {
			go b.connect(dialling, b.pending)
		}
	}
	b.pending.waiters++
	return nil, b.pending, nil
}

func (b *Breaker[C]) connect(ctx context.Context, current *attempt) {
	defer current.cancel()
	conn, err := b.config.Dial(ctx)
	if unwanted := b.finish(current, conn, err); unwanted {
		b.config.Close(conn)
	}
}

// finish records how an attempt has ended and wakes up those who wait. Where nobody may use its connection any more, that is unwanted.
func (b *Breaker[C]) finish(current *attempt, conn C, err error) (unwanted bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	abandoned := b.pending != current // another attempt may have followed
	if !abandoned {
		b.pending = nil
	}
	switch {
	case abandoned || b.closed:
		unwanted = err == nil
		err = b.config.Explain(net.ErrClosed)
	case err != nil:
		b.failure, b.failedAt = err, nextEvent()
	default:
		b.current = &Session[C]{Conn: conn, breaker: b}
		b.failure, b.unanswered = nil, nil
	}
	current.err = err
	close(current.done)
	return unwanted
}

// check finds out whether a connection that is doubted is answered.
func (b *Breaker[C]) check(ctx context.Context, current *attempt, doubted *Session[C]) {
	defer current.cancel()
	defer doubted.Release(ctx)
	err := b.config.Check(ctx, doubted.Conn)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pending == current {
		b.pending = nil
		if err == nil {
			doubted.doubted = false
		} else {
			doubted.retire()
			b.failure, b.failedAt = err, nextEvent()
		}
	}
	current.err = err
	close(current.done)
}

// stopWaiting ends the wait of one caller. That says nothing about the service; only optional questions are not asked again.
func (b *Breaker[C]) stopWaiting(ctx context.Context, pending *attempt) error {
	err := b.config.Explain(context.Cause(ctx))
	b.mu.Lock()
	defer b.mu.Unlock()
	pending.waiters--
	if b.pending != pending {
		return err
	}
	if pastLimit(ctx) {
		b.unanswered = problem.Copy(err)
	}
	if pending.waiters == 0 && !b.config.DialToEnd {
		b.pending = nil
		pending.cancel()
	}
	return err
}

// Close ends the connection, also under calls that use it. Later callers get an error.
func (b *Breaker[C]) Close() {
	b.mu.Lock()
	current := b.current
	b.current, b.closed = nil, true
	if b.pending != nil {
		b.pending.cancel()
	}
	b.mu.Unlock()
	if current != nil {
		b.config.Close(current.Conn)
	}
}

// Release gives the connection back, with the context that it was acquired with. The last user of a retired connection ends it.
func (s *Session[C]) Release(ctx context.Context) {
	s.breaker.mu.Lock()
	s.users--
	last := s.retired && s.users == 0
	if newer := s.breaker.current != nil && s.breaker.current != s; pastLimit(ctx) && !newer {
		s.breaker.unanswered = s.breaker.config.Explain(context.Cause(ctx))
	}
	s.breaker.mu.Unlock()
	if last {
		s.breaker.config.Close(s.Conn)
	}
}

// Retire makes later callers use a new connection, because this one is lost or occupied. It does not open the breaker: where the service
// answers, the next attempt succeeds. Calls that are under way end normally.
func (s *Session[C]) Retire() {
	s.breaker.mu.Lock()
	defer s.breaker.mu.Unlock()
	s.retire()
}

func (s *Session[C]) retire() {
	s.retired = true
	if s.breaker.current == s {
		s.breaker.current = nil
	}
}

// Doubt tells that a call was not answered. Before anybody else uses the connection, it is checked once for all.
func (s *Session[C]) Doubt() {
	s.breaker.mu.Lock()
	defer s.breaker.mu.Unlock()
	s.doubted = true
}
