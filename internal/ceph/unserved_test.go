package ceph

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// restartingConn is a cluster whose only OSD is down for the first questions.
type restartingConn struct {
	*fakeConn
	down int
}

func (r *restartingConn) MonCommand(ctx context.Context, text, input []byte) ([]byte, string, error) {
	if strings.Contains(string(text), `"osd map"`) {
		r.down--
		if r.down < 0 {
			return []byte(`{"pgid": "2.1", "up": [0], "acting": [0]}`), "", nil
		}
	}
	return r.fakeConn.MonCommand(ctx, text, input)
}

func (r *restartingConn) CreateImage(context.Context, ImageSpec) error   { return nil }
func (r *restartingConn) Image(context.Context, ImageRef) (Image, error) { return Image{}, ENOENT }

// An OSD that restarts is waited for, one that is gone not for long, and where too few exist there is nothing to wait for.
func TestImageWaitsForAnOSD(t *testing.T) {
	for name, tc := range map[string]struct {
		tree, rule string
		down       int
		late       bool // the time for a restart is over
		words      string
	}{
		"restarting": {tree: `{"id": 0, "type": "osd", "status": "down", "reweight": 1}`, rule: "default", down: 1},
		"gone": {
			tree: `{"id": 0, "type": "osd", "status": "down", "reweight": 1}`, rule: "default", down: 1 << 20, late: true,
			words: `Pool "p" can't be read or written: its placement group 2.1 is on 0 OSDs, and min_size is 1. CRUSH rule "r" (take default,` +
				` chooseleaf firstn 0 type host) finds at most 0 OSDs`,
		},
		"never there": {tree: `{"id": 0, "type": "osd", "status": "up", "reweight": 1}`, rule: "empty", down: 1 << 20, words: `take empty`},
	} {
		t.Run(name, func(t *testing.T) {
			item := map[string]string{"default": "-1", "empty": "-3"}[tc.rule]
			conn := &restartingConn{down: tc.down, fakeConn: &fakeConn{fsid: testFSID, answers: map[string]answer{
				"osd pool ls": {out: `[{"pool_id": 2, "pool_name": "p", "type": 1, "size": 1, "min_size": 1, "crush_rule": 0,` +
					` "pg_num_target": 8}]`},
				"osd crush rule dump": {out: `[{"rule_id": 0, "rule_name": "r"}]`},
				"osd map":             {out: `{"pgid": "2.1", "up": [], "acting": []}`},
				"osd tree":            {out: `{"nodes": [{"id": -1, "type": "root"}, ` + tc.tree + `]}`},
				"osd crush dump": {out: `{"types": [{"type_id": 0, "name": "osd"}], "buckets": [
					{"id": -1, "name": "default", "type_name": "root", "items": [{"id": -2, "weight": 9}]},
					{"id": -2, "name": "h", "type_name": "host", "items": [{"id": 0, "weight": 9}]},
					{"id": -3, "name": "empty", "type_name": "root", "items": []}],
					"rules": [{"rule_name": "r", "steps": [
						{"op": "take", "item": ` + item + `, "item_name": "` + tc.rule + `"},
						{"op": "chooseleaf_firstn", "num": 0, "type": "host"}, {"op": "emit"}]}]}`},
			}}}
			cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil })
			ctx := t.Context()
			if tc.late {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
				defer cancel()
			}
			created, err := cluster.CreateImage(ctx, ImageSpec{ImageRef: ImageRef{Pool: "p", Name: "i"}, SizeBytes: 1})
			if tc.words == "" {
				if !created || err != nil {
					t.Error(created, err)
				}
				return
			}
			expect.Problem(t, err, problem.Unserved, "Unable to create image p/i", tc.words)
		})
	}
}

// placedConn is a cluster whose OSDs serve a pool, but for objects that are not served.
type placedConn struct {
	*restartingConn
	unserved string
	late     time.Duration  // how long an object is waited for
	asked    map[string]int // the mappings, by object
}

func (p *placedConn) MonCommand(ctx context.Context, text, input []byte) ([]byte, string, error) {
	var cmd struct{ Prefix, Object string }
	if err := json.Unmarshal(text, &cmd); err != nil {
		return nil, "", err
	}
	if cmd.Prefix != "osd map" {
		return p.fakeConn.MonCommand(ctx, text, input)
	}
	p.mu.Lock()
	p.asked[cmd.Object]++
	p.mu.Unlock()
	if cmd.Object == p.unserved {
		return []byte(`{"pgid": "2.1", "up": [], "acting": []}`), "", nil
	}
	return []byte(`{"pgid": "2.1", "up": [0], "acting": [0]}`), "", nil
}

// Image finds no image, late, or, where its object is not served and nothing is late, waits as a real cluster lets one wait.
func (p *placedConn) Image(ctx context.Context, ref ImageRef) (Image, error) {
	if p.late == 0 && p.unserved == "rbd_id."+ref.Name {
		<-ctx.Done()
		return Image{}, ctx.Err()
	}
	time.Sleep(p.late)
	return p.restartingConn.Image(ctx, ref)
}

// withPlaced returns a cluster with the pool "p", all of which is served.
func withPlaced() (*Cluster, *placedConn) {
	conn := &placedConn{asked: map[string]int{}, restartingConn: &restartingConn{fakeConn: &fakeConn{
		fsid: testFSID, answers: map[string]answer{
			"osd pool ls":         {out: `[{"pool_id": 2, "pool_name": "p", "type": 1, "size": 1, "min_size": 1}]`},
			"osd crush rule dump": {out: `[{"rule_id": 0, "rule_name": "r"}]`},
		},
	}}}
	return NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil }), conn
}

// Creates in one pool look once at the object that all of them write, as long as it is served. Each asks for the OSDs of its own object
// only where that is not read at once.
func TestSharedObjectIsLookedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster, conn := withPlaced()
		defer cluster.Close()
		create := func(name string) error {
			ctx, cancel := context.WithTimeout(t.Context(), 2*slowAnswer)
			defer cancel()
			_, err := cluster.CreateImage(ctx, ImageSpec{ImageRef: ImageRef{Pool: "p", Name: name}, SizeBytes: 1})
			return err
		}
		for _, name := range []string{"a", "b", "c"} {
			if err := create(name); err != nil {
				t.Error(err)
			}
		}
		for object, times := range map[string]int{"rbd_directory": 1, "rbd_id.a": 0, "rbd_id.b": 0, "rbd_id.c": 0} {
			if conn.asked[object] != times {
				t.Errorf("asked for the OSDs of %s %d times, want %d", object, conn.asked[object], times)
			}
		}
		for _, object := range []string{"rbd_id.d", "rbd_directory"} {
			conn.unserved = object
			cluster.served.Changing()()
			for range 2 {
				if err := create("d"); !problem.Is(err, problem.Unserved) {
					t.Errorf("%s is not served: %v", object, err)
				}
			}
		}
	})
}

// An object that is read late is no reason to refuse: when its OSDs are there, and when they seem not to be, as while they restart.
func TestLateAnswerIsNoRefusal(t *testing.T) {
	for _, unserved := range []string{"", "rbd_id.a"} {
		synctest.Test(t, func(t *testing.T) {
			cluster, conn := withPlaced()
			defer cluster.Close()
			conn.late, conn.unserved = 10*slowAnswer, unserved
			begun := time.Now()
			created, err := cluster.CreateImage(t.Context(), ImageSpec{ImageRef: ImageRef{Pool: "p", Name: "a"}, SizeBytes: 1})
			if took := time.Since(begun); !created || err != nil || took > conn.late+slowAnswer {
				t.Error(created, err, took)
			}
			if conn.asked["rbd_id.a"] == 0 {
				t.Error("nobody asked for the OSDs of its object")
			}
		})
	}
}

// Creates that wait together for an object that all of them write get one refusal, each of its own image, when the time for a restart is
// over.
func TestSharedObjectIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster, conn := withPlaced()
		defer cluster.Close()
		conn.unserved = "rbd_directory"
		begun := time.Now()
		var creates sync.WaitGroup
		for _, name := range []string{"a", "b", "c"} {
			creates.Go(func() {
				_, err := cluster.CreateImage(t.Context(), ImageSpec{ImageRef: ImageRef{Pool: "p", Name: name}, SizeBytes: 1})
				if took := time.Since(begun); took > restartTimeout+restartInterval {
					t.Errorf("image %s was refused after %s", name, took)
				}
				if !problem.Is(err, problem.Unserved) || !strings.Contains(err.Error(), "Unable to create image p/"+name+" ") {
					t.Errorf("image %s: %v", name, err)
				}
			})
		}
		creates.Wait()
	})
}
