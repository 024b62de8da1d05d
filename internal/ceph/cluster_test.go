package ceph

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func TestOneAttemptForAll(t *testing.T) {
	var dials atomic.Int32
	release := make(chan struct{})
	refused := &problem.Problem{Kind: problem.Unreachable, What: "no answer"}
	cluster := NewCluster(Config{Label: "east"}, func(context.Context, Config) (Conn, error) {
		dials.Add(1)
		<-release
		return nil, refused
	})

	// A caller that gives up doesn't end the attempt for the others.
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := cluster.FSID(gone); err == nil {
		t.Fatal("connected")
	}
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			_, err := cluster.FSID(context.Background())
			if !problem.Is(err, problem.Unreachable) {
				t.Errorf("got %v", err)
			}
		})
	}
	close(release)
	group.Wait()
	if _, err := cluster.FSID(context.Background()); !problem.Is(err, problem.Unreachable) || dials.Load() != 1 {
		t.Errorf("%d attempts, %v", dials.Load(), err)
	}
}

// faultyConn is a connection whose monitors, or OSDs, don't answer.
type faultyConn struct {
	*fakeConn
	mon, osd error
	failed   int // how many commands to monitors were not obeyed
}

func (f *faultyConn) MonCommand(ctx context.Context, text, input []byte) ([]byte, string, error) {
	if f.mon != nil {
		f.failed++
		return nil, "", f.mon
	}
	return f.fakeConn.MonCommand(ctx, text, input)
}

func (f *faultyConn) Image(context.Context, ImageRef) (Image, error) { return Image{}, f.osd }

func (f *faultyConn) RemoveImage(context.Context, ImageRef) error { return f.osd }

// After a command that was not answered one question finds out, for all, whether the monitors answer at all. What is not answered by
// OSDs, or takes long, says nothing about them.
func TestUnansweredCalls(t *testing.T) {
	ref := ImageRef{Pool: "vms", Name: "disk"}
	pools := func(ctx context.Context, c *Cluster) error { _, err := c.Pools(ctx); return err }
	image := func(ctx context.Context, c *Cluster) error { _, err := c.Image(ctx, ref); return err }
	remove := func(ctx context.Context, c *Cluster) error {
		_, err := c.removeImage(ctx, "", ref, ImageRelations{})
		return err
	}
	for name, tc := range map[string]struct {
		mon, osd error
		call     func(context.Context, *Cluster) error
		thaws    bool // the monitors answer again
		asked    int  // how often they have not answered, after the call and ten more
		works    bool // the ten more, which read pools
		dials    int
	}{
		"frozen monitors":               {ETIMEDOUT, nil, pools, false, 2, false, 1},
		"frozen, in the caller's time":  {context.DeadlineExceeded, nil, pools, false, 2, false, 1},
		"everything is frozen":          {ETIMEDOUT, context.DeadlineExceeded, image, false, 2, false, 1},
		"one command was not answered":  {ETIMEDOUT, nil, pools, true, 1, true, 1},
		"a slow OSD":                    {nil, context.DeadlineExceeded, image, false, 0, true, 1},
		"a long deletion":               {nil, context.DeadlineExceeded, remove, false, 0, true, 1},
		"the operation was interrupted": {context.Canceled, nil, pools, true, 1, true, 1},
		"the connection was lost":       {ENOTCONN, nil, pools, true, 1, true, 2},
		"a refusal is an answer":        {EPERM, nil, pools, false, 11, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			conn := &faultyConn{osd: tc.osd, fakeConn: &fakeConn{fsid: testFSID, answers: map[string]answer{
				"osd pool ls": {out: "[]"}, "osd crush rule dump": {out: "[]"}, "version": {out: "{}"},
			}}}
			var dials int
			cluster := NewCluster(Config{Label: "east"}, func(context.Context, Config) (Conn, error) { dials++; return conn, nil })
			if _, err := cluster.FSID(t.Context()); err != nil {
				t.Fatal(err)
			}
			conn.mon = tc.mon
			if err := tc.call(t.Context(), cluster); err == nil {
				t.Fatal("no error")
			}
			if tc.thaws {
				conn.mon = nil
			}
			for range 10 {
				if err := pools(t.Context(), cluster); (err == nil) != tc.works {
					t.Errorf("the next: %v", err)
				}
			}
			if conn.failed != tc.asked || dials != tc.dials {
				t.Errorf("%d failed commands, not %d; dialled %d times, not %d", conn.failed, tc.asked, dials, tc.dials)
			}
			conn.mon = nil
			if err := pools(breaker.Retry(t.Context()), cluster); err != nil {
				t.Errorf("a change, once all is well: %v", err)
			}
			if err := pools(t.Context(), cluster); err != nil {
				t.Errorf("a read after it: %v", err)
			}
		})
	}
}

// A connection that is lost while it is in doubt is made anew like any other.
func TestDoubtedConnectionThatIsLost(t *testing.T) {
	var conns []*faultyConn
	cluster := NewCluster(Config{Label: "east"}, func(context.Context, Config) (Conn, error) {
		conns = append(conns, &faultyConn{fakeConn: &fakeConn{fsid: testFSID, answers: map[string]answer{
			"osd pool ls": {out: "[]"}, "osd crush rule dump": {out: "[]"},
		}}})
		return conns[len(conns)-1], nil
	})
	_, err := cluster.FSID(t.Context())
	for _, err = range []error{err, ETIMEDOUT, ENOTCONN} {
		conns[0].mon = err
		if _, got := cluster.Pools(t.Context()); (got == nil) != (err == nil) {
			t.Fatal(got)
		}
	}
	if _, err := cluster.Pools(t.Context()); err != nil || len(conns) != 2 || !conns[0].closed {
		t.Errorf("%d connections: %v", len(conns), err)
	}
}

// Reads don't connect again where that has failed. A change does, once, and success is for all.
func TestRetryOfAChange(t *testing.T) {
	dials, down := 0, true
	cluster := NewCluster(Config{Label: "east"}, func(context.Context, Config) (Conn, error) {
		if dials++; down {
			return nil, ETIMEDOUT
		}
		return &fakeConn{fsid: testFSID, answers: map[string]answer{"osd pool ls": {out: "[]"}, "osd crush rule dump": {out: "[]"}}}, nil
	})
	ask := func(ctx context.Context, want int, works bool) {
		t.Helper()
		for range 3 {
			if _, err := cluster.Pools(ctx); (err == nil) != works || dials != want {
				t.Errorf("dialled %d times, not %d: %v", dials, want, err)
			}
		}
	}
	ask(t.Context(), 1, false)
	ask(breaker.Retry(t.Context()), 2, false)
	down = false
	ask(t.Context(), 2, false)
	ask(breaker.Retry(t.Context()), 3, true)
	ask(t.Context(), 3, true)
}

// A failure that is kept, or shared by all who waited for it, stays as it is whatever a caller makes of its own.
func TestSharedErrorIsNotChanged(t *testing.T) {
	const why = "The key is not usable."
	cluster := NewCluster(Config{Label: "east"}, func(context.Context, Config) (Conn, error) {
		return nil, &problem.Problem{Kind: problem.Invalid, What: "Unable to connect.", Why: why}
	})
	ref := ImageRef{Pool: "vms", Name: "disk"}
	for name, ask := range map[string]func() error{
		"features": func() error { return cluster.SetImageFeatures(t.Context(), ref, []string{"journaling"}, nil) },
		"metadata": func() error { return cluster.SetImageMetadata(t.Context(), ref, map[string]string{"a": "b"}, nil) },
	} {
		_ = ask()
		_, first := cluster.FSID(t.Context())
		if _, second := cluster.FSID(t.Context()); !strings.Contains(second.Error(), why) || errors.Is(second, first) {
			t.Errorf("%s: the next caller reads: %v", name, second)
		}
	}
}

func TestPin(t *testing.T) {
	conn := &fakeConn{fsid: testFSID}
	cluster := NewCluster(Config{Label: "east", FSID: "other"}, func(context.Context, Config) (Conn, error) { return conn, nil })
	_, err := cluster.Pools(context.Background())
	expect.Problem(t, err, problem.WrongIdentity, "other", testFSID, `"east"`)
	if !conn.closed || len(conn.asked) != 0 {
		t.Errorf("the wrong cluster was asked %v, closed %v", conn.asked, conn.closed)
	}
}

func TestReconnectAfterBlocklist(t *testing.T) {
	var dials atomic.Int32
	cluster := NewCluster(Config{Label: "east"}, func(context.Context, Config) (Conn, error) {
		dials.Add(1)
		return &fakeConn{fsid: testFSID, answers: map[string]answer{"osd pool ls": {errno: ESHUTDOWN}}}, nil
	})
	for range 2 {
		_, err := cluster.Pools(context.Background())
		expect.Problem(t, err, problem.Unreachable, "blocklist")
	}
	if dials.Load() != 2 {
		t.Errorf("%d connections", dials.Load())
	}
}
