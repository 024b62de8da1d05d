package ceph

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// userCluster lets users in and counts their connections. To connect takes a second, and so does the reading of an image.
type userCluster struct {
	*fakeConn // that of the provider's own user

	mu     sync.Mutex
	denied bool  // the user's caps, which count from when it connects
	down   error // what a user's attempt to connect ends with
	dialed int
	closed int
}

// asUserConn is a connection of the user.
type asUserConn struct {
	Conn
	cluster *userCluster
	denied  bool
	closed  bool
}

func (u *userCluster) dial(_ context.Context, cfg Config) (Conn, error) {
	if cfg.User != "guest" {
		return u.fakeConn, nil
	}
	u.mu.Lock()
	u.dialed++
	conn := &asUserConn{cluster: u, denied: u.denied}
	u.mu.Unlock()
	time.Sleep(time.Second)
	return conn, u.down
}

func (a *asUserConn) ReadImage(context.Context, ImageRef) error {
	time.Sleep(time.Second)
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	switch {
	case a.closed:
		return ENOTCONN
	case a.denied:
		return EPERM
	}
	return nil
}

func (a *asUserConn) Close() {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.closed = true
	a.cluster.closed++
}

// Checks of a user that overlap share one connection, which ends with the last of them. What is refused on it is asked once more, because
// the caps count from when a client connects.
func TestChecksOfAUserShareAConnection(t *testing.T) {
	down := &problem.Problem{Kind: problem.Unreachable, What: "Unable to connect."}
	after := func(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }
	for name, tc := range map[string]struct {
		begins []time.Duration // when each check begins
		keys   int             // how many keys they have, in turn
		down   error
		denied bool                                  // at first
		change func(context.Context, *Cluster) error // after 1.5 seconds: the caps are widened then
		dialed int                                   // connections that were made
		kinds  map[problem.Kind]int                  // of the problems
	}{
		"at once":                {begins: make([]time.Duration, 9), dialed: 1},
		"one after the other":    {begins: []time.Duration{0, after(3), after(6)}, dialed: 3},
		"joining while it reads": {begins: []time.Duration{0, after(1.5)}, dialed: 1},
		// Each overlaps the one before, but nobody's caps are older than two seconds.
		"one after the other, overlapping": {begins: []time.Duration{0, after(1.5), after(2.3), after(3)}, dialed: 2},
		"other keys":                       {begins: make([]time.Duration, 4), keys: 2, dialed: 2},
		"unreachable": {
			begins: make([]time.Duration, 9), down: down, dialed: 1, kinds: map[problem.Kind]int{problem.Unreachable: 9},
		},
		"denied": {
			begins: make([]time.Duration, 2), denied: true, dialed: 2, kinds: map[problem.Kind]int{problem.Denied: 2},
		},
		"allowed meanwhile, by others": {
			begins: []time.Duration{0, after(1.8)}, denied: true, dialed: 2, kinds: map[problem.Kind]int{problem.Denied: 1},
			change: func(context.Context, *Cluster) error { return nil },
		},
		"changed from here": {
			begins: []time.Duration{0, after(1.8)}, dialed: 2,
			change: func(ctx context.Context, c *Cluster) error {
				return c.SetCaps(ctx, "guest", map[string]string{"mon": "profile rbd"})
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &userCluster{fakeConn: &fakeConn{fsid: testFSID, answers: map[string]answer{
					"version": {out: `{}`}, "auth caps": {},
				}}, denied: tc.denied, down: tc.down}
				cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, server.dial)
				keys := make([]Key, max(1, tc.keys))
				for i := range keys {
					key, err := newAESKey()
					if err != nil {
						t.Fatal(err)
					}
					keys[i] = key
				}
				var checks sync.WaitGroup
				var mu sync.Mutex
				kinds := map[problem.Kind]int{}
				for i, begin := range tc.begins {
					checks.Go(func() {
						time.Sleep(begin)
						ref := ImageRef{Pool: "vms", Name: fmt.Sprint("disk", i)}
						err := cluster.CheckAccess(t.Context(), "guest", keys[i%len(keys)], ref, Image{ID: "a"}, true)
						mu.Lock()
						defer mu.Unlock()
						for _, kind := range []problem.Kind{problem.Unreachable, problem.Denied, problem.Other} {
							if problem.Is(err, kind) {
								kinds[kind]++
							}
						}
					})
				}
				if tc.change != nil {
					time.Sleep(after(1.5))
					server.mu.Lock()
					server.denied = false
					server.mu.Unlock()
					if err := tc.change(t.Context(), cluster); err != nil {
						t.Error(err)
					}
				}
				checks.Wait()
				if server.dialed != tc.dialed {
					t.Errorf("%d connections, want %d", server.dialed, tc.dialed)
				}
				if tc.down == nil && server.closed != server.dialed {
					t.Errorf("%d of %d connections were closed", server.closed, server.dialed)
				}
				if fmt.Sprint(kinds) != fmt.Sprint(tc.kinds) {
					t.Errorf("problems %v, want %v", kinds, tc.kinds)
				}
				cluster.Close()
			})
		})
	}
}
