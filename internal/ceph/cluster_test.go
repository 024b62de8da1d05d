package ceph

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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
	clock := time.Unix(0, 0)
	cluster.now = func() time.Time { return clock }

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
	clock = clock.Add(failureMemory)
	_, _ = cluster.FSID(context.Background())
	if dials.Load() != 2 {
		t.Errorf("a failure must not be remembered for ever: %d attempts", dials.Load())
	}
}

// A failure that is kept, or shared by all who waited for it, stays as it is whatever a caller makes of its own.
func TestAKeptFailureIsNobodysToChange(t *testing.T) {
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
	wantKind(t, err, problem.WrongIdentity, "other", testFSID, `"east"`)
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
		wantKind(t, err, problem.Unreachable, "blocklist")
	}
	if dials.Load() != 2 {
		t.Errorf("%d connections", dials.Load())
	}
}

func TestErrnoKinds(t *testing.T) {
	for errno, kind := range map[Errno]problem.Kind{
		ETIMEDOUT: problem.Unreachable, EACCES: problem.Denied, EPERM: problem.Denied, EEXIST: problem.Exists, EBUSY: problem.Busy,
		EINVAL: problem.Invalid, ERANGE: problem.Invalid, EOPNOTSUPP: problem.Unsupported, ENOSPC: problem.Other, ENOENT: problem.Other,
	} {
		cluster, _ := withFake(map[string]answer{"osd pool ls": {errno: errno, status: "the words"}})
		_, err := cluster.Pools(context.Background())
		wantKind(t, err, kind, `"east"`, "Reply: ", "the words")
	}
	cluster, _ := withFake(map[string]answer{"osd pool ls": {errno: EINVAL, status: "command not known"}})
	_, err := cluster.Pools(context.Background())
	wantKind(t, err, problem.Unsupported)
}

func TestReplyWithBareNumbers(t *testing.T) {
	var reply struct {
		A *float64
		B string
		C []float64
	}
	if err := decodeReply([]byte(`{"a":inf,"b":"inf \" nan","c":[-nan,1]}`), &reply); err != nil {
		t.Fatal(err)
	}
	if reply.A != nil || reply.B != `inf " nan` || len(reply.C) != 2 || reply.C[1] != 1 {
		t.Errorf("%+v", reply)
	}
	if err := decodeReply([]byte(`{"key":"AQ`), &reply); err == nil {
		t.Error("half a reply was accepted")
	}
}
