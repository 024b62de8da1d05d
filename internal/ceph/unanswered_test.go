package ceph

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func init() { recheckInterval = time.Millisecond }

// What was obeyed counts as done although no answer came, however the wait ended, and is not done again; what wasn't is an error.
func TestUsersWithoutAnAnswer(t *testing.T) {
	caps := map[string]string{"mon": "profile rbd"}
	chosen := GivenKey(madeKey(keyTypeAES, 16))
	rotate := func(ctx context.Context, c *Cluster) (User, error) { return c.RotateKey(ctx, "x", "") }
	for name, tc := range map[string]struct {
		prefix string
		absent bool // the user, at first
		knows  []string
		do     func(context.Context, *Cluster) (User, error)
		lost   string // what is said where the command was not obeyed
		unread string // what is said where the question what became of it gets no answer either
	}{
		"create": {"auth get-or-create", true, nil, func(ctx context.Context, c *Cluster) (User, error) {
			return c.CreateUser(ctx, "x", caps, Key{})
		}, "The user may still be made", "The user may still be made"},
		"create with a chosen key": {"auth add", true, nil, func(ctx context.Context, c *Cluster) (User, error) {
			return c.CreateUser(ctx, "x", caps, chosen)
		}, "The user may still be made", "The user may still be made"},
		"rotate by import": {"auth import", false, nil, rotate, "The key may still be rotated", "The key may still be rotated"},
		"rotate by pending": {
			"auth commit-pending", false, pendingCommands, rotate, "The key may still be rotated", "The key may still be rotated",
		},
		"rotate at once": {"auth rotate", false, allCommands, rotate, "The key may still be rotated", "The key may still be rotated"},
		"chosen key": {"auth import", false, nil, func(ctx context.Context, c *Cluster) (User, error) {
			_, err := c.SetKey(ctx, "x", chosen)
			return User{Key: chosen}, err
		}, "", ""},
	} {
		for _, failure := range []error{ETIMEDOUT, context.Canceled, context.DeadlineExceeded, ENOTCONN} {
			t.Run(fmt.Sprint(name, ", ", failure), func(t *testing.T) {
				fake := func() *authConn {
					conn := &authConn{knows: tc.knows, absent: tc.absent, caps: caps, unanswered: map[string]error{tc.prefix: failure}}
					if !tc.absent {
						conn.key = formerKey()
					}
					return conn
				}
				conn := fake()
				user, err := tc.do(t.Context(), withAuth(conn))
				if err != nil || user.Key.Text() != conn.key || conn.key == formerKey() {
					t.Errorf("obeyed, but: %v", err)
				}
				if sent := len(slices.DeleteFunc(slices.Clone(conn.asked),
					func(p string) bool { return p != tc.prefix })); sent > 2 { // the fake obeys by asking itself
					t.Errorf("sent %d times", sent)
				}

				conn = fake()
				conn.lost = true
				_, err = tc.do(t.Context(), withAuth(conn))
				wantUnanswered(t, err, tc.lost)

				conn = fake()
				conn.failAfter = map[string]error{"auth get": ETIMEDOUT}
				_, err = tc.do(t.Context(), withAuth(conn))
				wantUnanswered(t, err, tc.unread)
			})
		}
	}
}

func wantUnanswered(t *testing.T, err error, words string) {
	t.Helper()
	if !problem.Unanswered(err) {
		t.Fatalf("not told as open: %v", err)
	}
	expect.Problem(t, err, problem.KindOf(err), words)
}

// A rotation that was obeyed, and whose new key can't be read, is told as done.
func TestRotationThatCannotBeRead(t *testing.T) {
	conn := &authConn{knows: allCommands, key: formerKey(), caps: map[string]string{"mon": "profile rbd"}, unreadAfter: "auth rotate"}
	user, err := withAuth(conn).RotateKey(t.Context(), "x", "")
	if user.Entity != "client.x" || !user.Key.IsZero() {
		t.Errorf("%v, %v", user, err)
	}
	wantUnanswered(t, err, "The key was rotated; the next refresh reads the new one.")
}

// lateConn makes what it is asked to make, and never says so.
type lateConn struct {
	fakeConn
	made  map[ImageRef]uint64
	there bool
}

func (l *lateConn) MonCommand(ctx context.Context, text, input []byte) ([]byte, string, error) {
	out, status, err := l.fakeConn.MonCommand(ctx, text, input)
	if len(l.sent("osd pool create")) > 0 && !l.there {
		l.there = true
		l.answers["osd pool ls"] = answer{out: `[{"pool_id": 2, "pool_name": "p", "type": 1, "size": 1, "min_size": 1, "crush_rule": 0,` +
			` "pg_num_target": 8}]`}
		return nil, "", ETIMEDOUT
	}
	return out, status, err
}

func (l *lateConn) Image(_ context.Context, ref ImageRef) (Image, error) {
	if bytes, made := l.made[ref]; made {
		return Image{SizeBytes: bytes}, nil
	}
	return Image{}, ENOENT
}

func (l *lateConn) CreateImage(_ context.Context, spec ImageSpec) error {
	l.made[spec.ImageRef] = spec.SizeBytes
	return context.DeadlineExceeded
}

func TestPoolWithoutAnAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		spec  PoolSpec
		rule  string // that is there
		known bool   // that the pool's rule was there before
	}{
		"replicated":               {PoolSpec{Name: "p"}, "r", true},
		"with a chosen rule":       {PoolSpec{Name: "p", Type: Erasure, CrushRule: "p"}, "p", true},
		"with a rule of its own":   {PoolSpec{Name: "p", Type: Erasure}, "r", false},
		"with a rule of that name": {PoolSpec{Name: "p", Type: Erasure}, "p", true},
	} {
		t.Run(name, func(t *testing.T) {
			conn := &lateConn{fakeConn: fakeConn{fsid: testFSID, answers: map[string]answer{
				"osd pool ls": {out: "[]"}, "osd pool create": {out: "{}"},
				"osd crush rule dump": {out: fmt.Sprintf(`[{"rule_id": 0, "rule_name": %q}]`, test.rule)},
			}}}
			cluster := NewCluster(Config{Label: "east"}, func(context.Context, Config) (Conn, error) { return conn, nil })
			made, err := cluster.CreatePool(t.Context(), test.spec)
			if !made.Created || (made.MadeRule != nil) != test.known || test.known && *made.MadeRule != "" || !problem.Unanswered(err) {
				t.Errorf("got %+v, %v", made, err)
			}
		})
	}
}

// An image counts as made only where it is known that it wasn't there before.
func TestImageWithoutAnAnswer(t *testing.T) {
	spec := ImageSpec{ImageRef: ImageRef{Pool: "p", Name: "i"}, SizeBytes: 1 << 20}
	for name, tc := range map[string]struct {
		made map[ImageRef]uint64
		want bool
	}{"made": {map[ImageRef]uint64{}, true}, "there before": {map[ImageRef]uint64{spec.ImageRef: 1 << 20}, false}} {
		conn := &lateConn{made: tc.made, fakeConn: fakeConn{fsid: testFSID, answers: map[string]answer{
			"osd pool ls": {out: `[{"pool_id": 2, "pool_name": "p", "type": 1, "size": 1, "min_size": 1, "crush_rule": 0, "pg_num_target": 8}]`},
			"osd map":     {out: `{"pgid": "2.1", "up": [0], "acting": [0]}`}, "osd crush rule dump": {out: `[{"rule_id": 0, "rule_name": "r"}]`},
		}}}
		cluster := NewCluster(Config{Label: "east"}, func(context.Context, Config) (Conn, error) { return conn, nil })
		created, err := cluster.CreateImage(t.Context(), spec)
		if created != tc.want || (err == nil) != tc.want {
			t.Errorf("%s: created %v, %v", name, created, err)
		}
	}
}

// How long a cluster that does not answer is asked what became of a request: not much longer than the operation's own time.
func TestRecheckEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		endsAfter, wants time.Duration // of the operation, and of the question; 0 for an operation that has time enough
	}{
		"time enough":        {0, recheckTimeout},
		"over already":       {time.Nanosecond, grace.Period},
		"over in the middle": {2 * time.Second, 2*time.Second + grace.Period},
		"over at the end":    {9500 * time.Millisecond, recheckTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tc.endsAfter > 0 {
					time.AfterFunc(tc.endsAfter, cancel)
				}
				begun := time.Now()
				_, err := recheck(ctx, func(ctx context.Context) (int, error) {
					<-ctx.Done()
					return 0, ctx.Err()
				})
				if took := time.Since(begun); err == nil || took.Round(100*time.Millisecond) != tc.wants {
					t.Errorf("it took %s, want %s; %v", took, tc.wants, err)
				}
			})
		})
	}
}
