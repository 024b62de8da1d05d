package readcache_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// counted counts the readings of a cache, each of which returns its number.
type counted struct {
	readcache.Cache[string, int]
	readings atomic.Int64
	takes    time.Duration
	fails    error
	during   func()
}

func (c *counted) get(ctx context.Context) (int, error) {
	return c.Get(ctx, "key", func(context.Context) (int, error) {
		n := int(c.readings.Add(1))
		if c.during != nil {
			c.during()
		}
		time.Sleep(c.takes)
		return n, c.fails
	})
}

func (c *counted) want(t *testing.T, ctx context.Context, number int) {
	t.Helper()
	if got, err := c.get(ctx); got != number || err != nil {
		t.Errorf("reading %d, %v; want %d", got, err, number)
	}
}

// How old a reading may be, by the mark of the context.
func TestLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plain, shared, afresh := t.Context(), readcache.Share(t.Context()), readcache.Afresh(t.Context())
		c := &counted{}
		c.want(t, plain, 1)
		c.want(t, plain, 2)
		c.want(t, shared, 2)
		c.want(t, readcache.Afresh(shared), 3)
		c.want(t, readcache.Share(afresh), 3)
		time.Sleep(readcache.Lifetime)
		c.want(t, shared, 3)
		time.Sleep(time.Nanosecond)
		c.want(t, shared, 4)

		burst := &counted{}
		burst.Burst = 250 * time.Millisecond
		burst.want(t, plain, 1)
		burst.want(t, plain, 1)
		burst.want(t, afresh, 2)
		time.Sleep(251 * time.Millisecond)
		burst.want(t, shared, 2)
		burst.want(t, plain, 3)
	})
}

// What was read before a change, or while it was under way, serves nobody after it.
func TestChanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := readcache.Share(t.Context())
		c := &counted{takes: time.Millisecond}
		c.want(t, shared, 1)
		changed := c.Changing()
		c.want(t, shared, 2)
		changed()
		c.want(t, shared, 3)

		// A reading that begins before the change and ends after it.
		c.takes = 0
		time.Sleep(2 * readcache.Lifetime)
		c.during = func() { c.during = nil; c.Changing()() }
		c.want(t, shared, 4)
		c.want(t, shared, 5)
		c.want(t, shared, 5)
	})
}

// Those who ask at the same time wait for one reading, and get its error where it got no answer.
func TestOneReadingForAll(t *testing.T) {
	for name, test := range map[string]struct {
		fails    error
		readings int
	}{
		"it succeeds":         {nil, 1},
		"no answer":           {&problem.Problem{Kind: problem.Unreachable, What: "Unable to ask."}, 1},
		"too few OSDs":        {&problem.Problem{Kind: problem.Unserved, What: "It would wait."}, 1},
		"something is absent": {&problem.Problem{Kind: problem.NotFound, What: "Not there."}, 10},
		"another error":       {errors.New("refused"), 10},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				shared := readcache.Share(t.Context())
				c := &counted{takes: time.Second, fails: test.fails}
				var all sync.WaitGroup
				for range 10 {
					all.Go(func() {
						_, err := c.get(shared)
						if (err == nil) != (test.fails == nil) || err != nil && err.Error() != test.fails.Error() {
							t.Errorf("error %v", err)
						}
						if p := (*problem.Problem)(nil); errors.As(err, &p) {
							p.What = "Another's." // which nobody else sees
						}
					})
				}
				all.Wait()
				if n := int(c.readings.Load()); n != test.readings {
					t.Errorf("%d readings, want %d", n, test.readings)
				}
				c.fails = nil
				c.want(t, shared, map[bool]int{true: 1, false: test.readings + 1}[test.fails == nil])
			})
		})
	}
}

// That a service gave no answer to a question that its asker can do without, and so gives up early, is no answer to who has to know.
func TestOptionalReading(t *testing.T) {
	none := &problem.Problem{Kind: problem.Unreachable, What: "Unable to ask."}
	for name, test := range map[string]struct {
		needed bool
		fails  bool
	}{"needed": {true, false}, "can be done without": {false, true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &readcache.Cache[string, int]{}
				optional, end := breaker.Optional(readcache.Share(t.Context()), time.Minute)
				defer end()
				go func() {
					_, err := c.Get(optional, "key", func(context.Context) (int, error) {
						time.Sleep(time.Second)
						return 0, none
					})
					if err == nil {
						t.Error("the optional reading has not failed")
					}
				}()
				synctest.Wait()
				ctx := optional
				if test.needed {
					ctx = readcache.Share(t.Context())
				}
				n, err := c.Get(ctx, "key", func(context.Context) (int, error) { return 1, nil })
				if (err != nil) != test.fails || err == nil && n != 1 {
					t.Errorf("%d, %v", n, err)
				}
			})
		})
	}
}

// Who wants a reading that begins from now on shares it with all who ask before it does, whoever of them gives up, and gets none that had
// begun before.
func TestNextReadingForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counted{takes: time.Second}
		var all sync.WaitGroup
		ask := func(ctx context.Context, number int) {
			all.Go(func() { c.want(t, ctx, number) })
			synctest.Wait()
		}
		ask(t.Context(), 1)
		time.Sleep(c.takes / 2)
		impatient, giveUp := context.WithCancel(t.Context())
		all.Go(func() {
			if _, err := c.Get(impatient, "key", func(ctx context.Context) (int, error) { return 0, ctx.Err() }); !errors.Is(err, context.Canceled) {
				t.Errorf("the impatient one got %v", err)
			}
		})
		synctest.Wait()
		giveUp()
		for range 5 {
			ask(t.Context(), 2)
			ask(readcache.Afresh(t.Context()), 2)
		}
		ask(readcache.Share(t.Context()), 1)
		time.Sleep(c.takes)
		ask(t.Context(), 3)
		ask(readcache.Share(t.Context()), 2)
		all.Wait()
		if n := c.readings.Load(); n != 3 {
			t.Errorf("%d readings, want 3", n)
		}
		// Another key's reading waits for none of them.
		first := c.takes
		all.Go(func() { c.want(t, t.Context(), 4) })
		synctest.Wait()
		begun := time.Now()
		if _, err := c.Get(t.Context(), "other", func(context.Context) (int, error) { return 0, nil }); err != nil || time.Since(begun) >= first {
			t.Errorf("the other key's reading took %s, %v", time.Since(begun), err)
		}
		all.Wait()
	})
}

// Who waits for the reading of another is bound by its own context, and not by that of the other.
func TestContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := readcache.Share(t.Context())
		var c readcache.Cache[string, string]
		read := func(ctx context.Context) (string, error) {
			select {
			case <-time.After(time.Second):
				return "read", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		first, giveUp := context.WithCancel(shared)
		impatient, cancel := context.WithTimeout(shared, 100*time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := c.Get(first, "key", read); !errors.Is(err, context.Canceled) {
				t.Errorf("the first got %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if _, err := c.Get(impatient, "key", read); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the impatient one got %v", err)
			}
		})
		all.Go(func() {
			if got, err := c.Get(shared, "key", read); got != "read" || err != nil {
				t.Errorf("the patient one got %q, %v", got, err)
			}
		})
		time.Sleep(500 * time.Millisecond)
		giveUp()
		all.Wait()
	})
}
