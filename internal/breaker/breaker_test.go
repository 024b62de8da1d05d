package breaker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// conn is a connection of a service in a test.
type conn struct {
	number       int
	lost, closed bool
}

// service counts what is dialled.
type service struct {
	*Breaker[*conn]
	mu      sync.Mutex
	dialled int
	conns   []*conn
	down    error         // what a dial gets
	hang    chan struct{} // a dial waits until it is closed, or its context ends; nil for none
}

func newService(t *testing.T, dialToEnd bool) *service {
	t.Helper()
	s := &service{}
	s.Breaker = New(Config[*conn]{
		Dial: s.dial, DialToEnd: dialToEnd,
		Lost:    func(c *conn) bool { return c.lost },
		Close:   func(c *conn) { s.mu.Lock(); c.closed = true; s.mu.Unlock() },
		Check:   s.check,
		Explain: func(err error) error { return &problem.Problem{Kind: problem.Unreachable, What: err.Error()} },
	})
	return s
}

func (s *service) dial(ctx context.Context) (*conn, error) {
	s.mu.Lock()
	s.dialled++
	hang, down := s.hang, s.down
	s.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if down != nil {
		return nil, down
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &conn{number: s.dialled}
	s.conns = append(s.conns, c)
	return c, nil
}

// check counts as a dial: it waits as long.
func (s *service) check(context.Context, *conn) error {
	s.dialled++
	return s.down
}

// ask makes a call that takes no time.
func (s *service) ask(ctx context.Context) error {
	session, err := s.Acquire(ctx)
	if err != nil {
		return err
	}
	session.Release(ctx)
	return nil
}

// Who dials, in which order of events. Each step is one call, or something that happens to the service.
func TestWhoDials(t *testing.T) {
	down := &problem.Problem{Kind: problem.Unreachable, What: "nobody listens"}
	// What happens to the service. The others are calls, of operations that have begun when they are first named.
	events := map[string]func(*service){
		"goes down":    func(s *service) { s.down = down },
		"comes back":   func(s *service) { s.down, s.hang = nil, nil },
		"hangs":        func(s *service) { s.hang = make(chan struct{}) },
		"loses it":     func(s *service) { s.conns[len(s.conns)-1].lost = true },
		"is closed":    func(s *service) { s.Close() },
		"is occupied":  func(s *service) { unanswered(t, s, (*Session[*conn]).Retire) },
		"is not heard": func(s *service) { unanswered(t, s, (*Session[*conn]).Doubt) },
	}
	type step struct {
		do      string
		dialled int    // so far
		says    string // the error, empty for none
	}
	const refused, late, closed = "nobody listens", "no answer within 1s", "use of closed network connection"
	for name, steps := range map[string][]step{
		"all is well": {{"read", 1, ""}, {"change 1", 1, ""}, {"optional", 1, ""}, {"read", 1, ""}},
		"a read and a plan never dial what has failed": {
			{"goes down", 0, ""}, {"read", 1, refused}, {"read", 1, refused}, {"optional", 1, refused}, {"comes back", 1, ""}, {"read", 1, refused},
		},
		"each change dials once": {
			{"goes down", 0, ""},
			{"read", 1, refused},
			{"change 1", 2, refused},
			{"change 1", 2, refused},
			{"read", 2, refused},
			{"change 2", 3, refused},
			{"change 1", 3, refused},
		},
		"a change that has begun before the failure shares it": {
			{"begin 1", 0, ""},
			{"begin 2", 0, ""},
			{"goes down", 0, ""},
			{"change 1", 1, refused},
			{"change 2", 1, refused},
			{"change 3", 2, refused},
		},
		"what a change can do without dials nothing again": {
			{"goes down", 0, ""}, {"read", 1, refused}, {"optional in change 1", 1, refused}, {"change 1", 2, refused},
		},
		"success clears": {
			{"goes down", 0, ""},
			{"read", 1, refused},
			{"comes back", 1, ""},
			{"change 1", 2, ""},
			{"read", 2, ""},
			{"optional", 2, ""},
			{"loses it", 2, ""},
			{"goes down", 2, ""},
			{"read", 3, refused},
			{"read", 3, refused},
		},
		"a loss is no failure yet": {
			{"read", 1, ""},
			{"loses it", 1, ""},
			{"read", 2, ""},
			{"loses it", 2, ""},
			{"optional", 3, ""},
			{"loses it", 3, ""},
			{"goes down", 3, ""},
			{"read", 4, refused},
			{"read", 4, refused},
		},
		"nor is a connection that is occupied": {
			{"read", 1, ""},
			{"is occupied", 1, ""},
			{"read", 2, ""},
			{"is occupied", 2, ""},
			{"goes down", 2, ""},
			{"read", 3, refused},
			{"read", 3, refused},
		},
		"nor is a call that was not answered": {
			{"read", 1, ""},
			{"is not heard", 1, ""},
			{"read", 2, ""},
			{"read", 2, ""},
			{"is not heard", 2, ""},
			{"goes down", 2, ""},
			{"optional", 3, refused},
			{"read", 3, refused},
			{"comes back", 3, ""},
			{"read", 3, refused},
			{"change 1", 4, ""},
			{"read", 4, ""},
		},
		"nor is the end of a caller": {
			{"hangs", 0, ""},
			{"cancelled", 1, context.Canceled.Error()},
			{"late", 2, context.DeadlineExceeded.Error()},
			{"comes back", 2, ""},
			{"optional", 3, ""},
			{"read", 3, ""},
		},
		"what is too slow for one optional question is not asked another": {
			{"hangs", 0, ""},
			{"optional", 1, late},
			{"optional", 1, late},
			{"optional in change 1", 1, late},
			{"comes back", 1, ""},
			{"optional", 1, late},
			{"read", 2, ""},
			{"optional", 2, ""},
		},
		"also on a connection that is there": {
			{"read", 1, ""},
			{"slow optional", 1, ""},
			{"optional", 1, late},
			{"optional in change 1", 1, late},
			{"read", 1, ""},
			{"change 1", 1, ""},
			{"is occupied", 1, ""},
			{"read", 2, ""},
			{"optional", 2, ""},
		},
		"closed": {{"read", 1, ""}, {"is closed", 1, ""}, {"read", 1, closed}, {"change 1", 1, closed}, {"is closed", 1, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, false)
				changes := map[string]context.Context{}
				begun := func(number string) context.Context {
					if changes[number] == nil {
						changes[number] = Retry(t.Context())
					}
					return changes[number]
				}
				for i, step := range steps {
					err := do(t, s, step.do, begun, events)
					var told string
					if err != nil {
						told = err.Error()
					}
					if s.dialled != step.dialled || told != step.says {
						t.Fatalf("step %d, %s: dialled %d times, not %d; said %q, not %q", i, step.do, s.dialled, step.dialled, told, step.says)
					}
				}
			})
		})
	}
}

// do is one step: what happens to the service, or a call.
func do(t *testing.T, s *service, what string, begun func(string) context.Context, events map[string]func(*service)) error {
	t.Helper()
	if happens := events[what]; happens != nil {
		happens(s)
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var number string
	switch {
	case scan(what, "begin %s", &number):
		begun(number)
		return nil
	case scan(what, "change %s", &number):
		ctx = begun(number)
	case what == "optional":
		ctx, cancel = Optional(ctx, time.Second)
	case scan(what, "optional in change %s", &number):
		ctx, cancel = Optional(begun(number), time.Second)
	case what == "cancelled":
		time.AfterFunc(time.Second, cancel)
	case what == "late":
		ctx, cancel = context.WithTimeout(ctx, time.Second)
	case what == "slow optional":
		ctx, cancel = Optional(ctx, time.Second)
		defer cancel()
		session, err := s.Acquire(ctx)
		if err == nil {
			<-ctx.Done()
			session.Release(ctx)
		}
		return err
	case what != "read":
		t.Fatalf("what is %q?", what)
	}
	defer cancel()
	return s.ask(ctx)
}

func scan(what, format string, number *string) bool {
	n, err := fmt.Sscanf(what, format, number)
	return n == 1 && err == nil
}

// unanswered makes a call that is not answered.
func unanswered(t *testing.T, s *service, then func(*Session[*conn])) {
	t.Helper()
	session, err := s.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	then(session)
	session.Release(t.Context())
}

// All who come while an attempt is under way wait for that one, and get its error, each a copy of its own.
func TestSharedAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, false)
		s.hang, s.down = make(chan struct{}), &problem.Problem{What: "nobody listens"}
		var errs [10]error
		var group sync.WaitGroup
		for i := range errs {
			ctx := t.Context()
			if i%2 == 0 {
				ctx = Retry(ctx)
			}
			group.Go(func() { errs[i] = s.ask(ctx) })
		}
		synctest.Wait()
		close(s.hang)
		group.Wait()
		for i, err := range append(errs[:], s.ask(t.Context())) {
			var p *problem.Problem
			if !errors.As(err, &p) || p.What != "nobody listens" {
				t.Errorf("%d: %v", i, err)
				continue
			}
			p.What = "changed by its holder"
		}
		if s.dialled != 1 {
			t.Errorf("dialled %d times", s.dialled)
		}
	})
}

// An attempt doesn't end with the first who gives up. With the last it does, unless it can't be ended.
func TestAttemptNobodyWaitsFor(t *testing.T) {
	for _, dialToEnd := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newService(t, dialToEnd)
			s.hang = make(chan struct{})
			release := s.hang
			first, leaveFirst := context.WithCancel(t.Context())
			second, leaveSecond := context.WithCancel(t.Context())
			for _, ctx := range []context.Context{first, second} {
				go func() { _ = s.ask(ctx) }()
			}
			synctest.Wait()
			leaveFirst()
			synctest.Wait()
			if s.pending == nil || s.pending.waiters != 1 {
				t.Fatal("the first has ended it for the other")
			}
			leaveSecond()
			synctest.Wait()
			if goesOn := s.pending != nil; goesOn != dialToEnd {
				t.Errorf("it goes on: %v", goesOn)
			}
			if !dialToEnd {
				s.hang = nil
			}
			close(release)
			if err := s.ask(t.Context()); err != nil || s.dialled > 2 || s.dialled == 1 != dialToEnd {
				t.Errorf("dialled %d times, %v", s.dialled, err)
			}
		})
	}
}

// The last who uses a retired connection ends it, and nobody ends it twice or under others.
func TestRetiredConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, false)
		one, _ := s.Acquire(t.Context())
		two, _ := s.Acquire(t.Context())
		one.Retire()
		one.Release(t.Context())
		if one != two || one.Conn.closed {
			t.Error("ended while it is used")
		}
		if err := s.ask(t.Context()); err != nil || s.dialled != 2 {
			t.Errorf("dialled %d times, %v", s.dialled, err)
		}
		two.Retire()
		two.Release(t.Context())
		if !two.Conn.closed || s.conns[1].closed {
			t.Errorf("closed: %v, its successor: %v", two.Conn.closed, s.conns[1].closed)
		}
		unanswered(t, s, (*Session[*conn]).Doubt)
		s.down = errors.New("nobody listens")
		err := s.ask(t.Context())
		synctest.Wait()
		if err == nil || !s.conns[1].closed {
			t.Errorf("a connection that the check has given up is open: %v", err)
		}
	})
}

func TestClose(t *testing.T) {
	s := newService(t, false)
	if err := s.ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if !s.conns[0].closed {
		t.Error("the connection is open")
	}
}

// A connection that is made after the end is ended at once.
func TestClosedWhileDialling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, true)
		s.config.Dial = func(context.Context) (*conn, error) { // does not obey its context
			time.Sleep(time.Second)
			s.conns = append(s.conns, &conn{})
			return s.conns[0], nil
		}
		time.AfterFunc(time.Millisecond, s.Close)
		if err := s.ask(t.Context()); err == nil {
			t.Error("no error")
		}
		synctest.Wait()
		if len(s.conns) != 1 || !s.conns[0].closed {
			t.Error("a connection is left")
		}
	})
}

// A service that drops each connection just after it was made does not keep a caller.
func TestDroppedAtOnce(t *testing.T) {
	s := newService(t, false)
	s.config.Lost = func(*conn) bool { return true }
	if err := s.ask(t.Context()); err == nil || s.dialled != attempts {
		t.Errorf("dialled %d times, %v", s.dialled, err)
	}
}

func TestTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := Optional(t.Context(), time.Second)
		defer cancel()
		<-ctx.Done()
		if err := context.Cause(ctx); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		gone, stop := context.WithCancel(t.Context())
		inner, cancel := Optional(gone, time.Minute)
		defer cancel()
		stop()
		if !pastLimit(ctx) || pastLimit(inner) || slices.Contains([]bool{IsOptional(ctx), IsOptional(inner)}, false) {
			t.Error("the end of the operation is taken for the limit")
		}
	})
}
