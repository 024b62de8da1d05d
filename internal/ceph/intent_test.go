package ceph

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// keyStoreConn is a monitor with a config-key store and users that all have one key.
type keyStoreConn struct {
	Conn

	mu       sync.Mutex
	fsid     string
	stored   map[string]string
	users    map[string]map[string]string
	refuses  Errno // to what is about the store
	asked    map[string]int
	appears  string        // a user that somebody else makes while the first intent is written
	writing  chan struct{} // each write of the store waits for one
	beginsTo chan struct{} // and tells that it has begun
}

const storedKey = "AQDevdtNgxPZIxAA8UszCfeajOVhY2kiBm53kg=="

func (k *keyStoreConn) FSID(context.Context) (string, error) { return k.fsid, nil }
func (k *keyStoreConn) Close()                               {}

func (k *keyStoreConn) MonCommand(_ context.Context, text, _ []byte) ([]byte, string, error) {
	var cmd struct {
		Prefix, Key, Val, Entity string
		Caps                     []string
	}
	if err := json.Unmarshal(text, &cmd); err != nil {
		return nil, "", err
	}
	if cmd.Prefix == "config-key set" && k.writing != nil {
		k.beginsTo <- struct{}{}
		<-k.writing
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked[cmd.Prefix]++
	if strings.HasPrefix(cmd.Prefix, "config-key") && k.refuses != 0 {
		return nil, "access denied", k.refuses
	}
	switch cmd.Prefix {
	case "version":
		return []byte(`{}`), "", nil
	case "config-key dump":
		out, err := json.Marshal(k.stored)
		return out, "", err
	case "config-key set":
		k.stored[cmd.Key] = cmd.Val
		if k.appears != "" {
			k.users[k.appears] = map[string]string{"mon": "allow r"}
		}
	case "config-key rm":
		delete(k.stored, cmd.Key)
	case "auth ls":
		return []byte(`{"auth_dump":[]}`), "", nil
	case "auth get":
		caps, ok := k.users[cmd.Entity]
		if !ok {
			return nil, "", ENOENT
		}
		out, err := json.Marshal([]map[string]any{{"entity": cmd.Entity, "key": storedKey, "caps": caps}})
		return out, "", err
	case "auth get-or-create":
		if cmd.Entity == "client.refused" {
			return nil, "", EINVAL
		}
		k.users[cmd.Entity] = map[string]string{cmd.Caps[0]: cmd.Caps[1]}
		if cmd.Entity == "client.unanswered" {
			return nil, "", ETIMEDOUT
		}
	default:
		return nil, "", fmt.Errorf("no answer to %s", text)
	}
	return nil, "", nil
}

// withKeyStore returns the connection, and a function that makes the cluster as a new process of an origin has it.
func withKeyStore(t *testing.T) (conn *keyStoreConn, process func(origin string) *Cluster) {
	t.Helper()
	conn = &keyStoreConn{
		fsid: t.Name(), stored: map[string]string{}, users: map[string]map[string]string{}, asked: map[string]int{},
	}
	return conn, func(origin string) *Cluster {
		made.Range(func(key, _ any) bool {
			made.Delete(key)
			return true
		})
		dial := func(context.Context, Config) (Conn, error) { return conn, nil }
		return NewCluster(Config{Label: "east", MonHost: "192.0.2.1", Origin: origin}, dial)
	}
}

var someCaps = map[string]string{"mon": "allow r"}

// Only what a create of the same configuration has left, within a day and as it is wanted now, is taken over; what is not is explained.
func TestIntentTakenUp(t *testing.T) {
	day := 24 * time.Hour
	for name, test := range map[string]struct {
		origin string
		later  time.Duration
		caps   map[string]string // that the user has in the end
		remark string            // empty: taken over
	}{
		"the same":              {origin: "here"},
		"another configuration": {origin: "there", remark: "by another configuration"},
		"a day later":           {origin: "here", later: day + time.Minute, remark: "more than a day ago"},
		"with other caps":       {origin: "here", caps: map[string]string{"mon": "allow *"}, remark: "not as that create would have made it"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, process := withKeyStore(t)
			first, err := process("here").CreateUser(t.Context(), "x", someCaps, Key{})
			if err != nil || len(conn.stored) != 1 {
				t.Fatal(err, conn.stored)
			}
			if test.caps != nil {
				conn.users["client.x"] = test.caps
			}
			next := process(test.origin)
			next.now = func() time.Time { return time.Now().Add(test.later) }
			user, err := next.CreateUser(t.Context(), "x", someCaps, Key{})
			if test.remark == "" {
				if err != nil || !user.Key.Equal(first.Key) {
					t.Fatal(err)
				}
				_, err = next.CreateUser(t.Context(), "x", someCaps, Key{})
				expect.Problem(t, err, problem.Exists, "exists already") // it belongs to a resource of this process now
				return
			}
			expect.Problem(t, err, problem.Exists, test.remark, "config-key rm "+intentPrefix)
			next.CreateFulfilled(t.Context(), CreatedUser("x"))
			if len(conn.stored) > 0 {
				t.Error("a read does not remove", conn.stored)
			}
		})
	}
}

// What was made without an answer belongs to a resource of this process too: another label of the same cluster takes nothing over.
func TestIntentOfACreateWithoutAnAnswer(t *testing.T) {
	conn, process := withKeyStore(t)
	if _, err := process("here").CreateUser(t.Context(), "unanswered", someCaps, Key{}); err != nil {
		t.Fatal(err)
	}
	again := NewCluster(Config{Label: "again", MonHost: "192.0.2.1", Origin: "here"},
		func(context.Context, Config) (Conn, error) { return conn, nil })
	_, err := again.CreateUser(t.Context(), "unanswered", someCaps, Key{})
	expect.Problem(t, err, problem.Exists, "exists already")
}

// A user without a record is nobody's but its owner's, also where somebody makes it in the moment in which the intent is written. A create
// that is refused leaves no record.
func TestIntentOfNobody(t *testing.T) {
	conn, process := withKeyStore(t)
	conn.users["client.x"] = someCaps
	_, err := process("here").CreateUser(t.Context(), "x", someCaps, Key{})
	expect.Problem(t, err, problem.Exists)
	conn.appears = "client.y"
	_, err = process("here").CreateUser(t.Context(), "y", someCaps, Key{})
	expect.Problem(t, err, problem.Exists)
	conn.appears = ""
	_, err = process("here").CreateUser(t.Context(), "refused", someCaps, Key{})
	expect.Problem(t, err, problem.Invalid)
	if len(conn.stored) > 0 || conn.asked["auth get-or-create"] != 1 {
		t.Error(conn.stored, conn.asked)
	}
}

// Creates that wait while a record is written are written together, into the same record until it is full, and reads remove a record with
// the last of its objects.
func TestIntentBatches(t *testing.T) {
	conn, process := withKeyStore(t)
	conn.writing, conn.beginsTo = make(chan struct{}), make(chan struct{})
	cluster := process("here")
	const users, records = intentsInRecord + 10, 2
	var creates sync.WaitGroup
	create := func(number int) {
		creates.Go(func() {
			if _, err := cluster.CreateUser(t.Context(), fmt.Sprint("u", number), someCaps, Key{}); err != nil {
				t.Error(err)
			}
		})
	}
	create(0)
	<-conn.beginsTo
	for number := 1; number < users; number++ {
		create(number)
	}
	for waiting := 0; waiting < users-1; {
		cluster.intents.mu.Lock()
		if cluster.intents.next != nil {
			waiting = len(cluster.intents.next.creates)
		}
		cluster.intents.mu.Unlock()
		<-time.After(time.Millisecond)
	}
	conn.writing <- struct{}{}
	for range records {
		<-conn.beginsTo
		conn.writing <- struct{}{}
	}
	creates.Wait()
	const sets = 1 + records // the first record twice
	if conn.asked["auth ls"] > 0 {
		t.Errorf("all users were listed %d times", conn.asked["auth ls"])
	}
	if len(conn.stored) != records || conn.asked["config-key set"] != sets {
		t.Errorf("%d records, by %d commands", len(conn.stored), conn.asked["config-key set"])
	}
	conn.writing = nil
	for _, value := range conn.stored {
		if strings.Contains(value, storedKey) {
			t.Error("a key is recorded")
		}
	}
	refresh := process("here")
	for number := range users {
		refresh.CreateFulfilled(t.Context(), CreatedUser(fmt.Sprint("u", number)))
	}
	if len(conn.stored) > 0 || conn.asked["config-key dump"] != 1 || conn.asked["config-key set"] != sets ||
		conn.asked["config-key rm"] != records {
		t.Error(conn.stored, conn.asked)
	}
}

// Creates that come one after the other, as those of an apply do, are written together too: each waits a moment for others, but for the
// first of all. The time is synctest's.
func TestIntentsAreGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, process := withKeyStore(t)
		cluster := process("here")
		var creates sync.WaitGroup
		for number := range 9 {
			creates.Go(func() {
				<-time.After(time.Duration(number) * time.Millisecond)
				if _, err := cluster.CreateUser(t.Context(), fmt.Sprint("u", number), someCaps, Key{}); err != nil {
					t.Error(err)
				}
			})
			if number == 0 {
				creates.Wait()
			}
		}
		creates.Wait()
		if len(conn.stored) != 1 || conn.asked["config-key set"] != 2 {
			t.Errorf("%d records, by %d commands", len(conn.stored), conn.asked["config-key set"])
		}
	})
}

// What reads have seen fulfilled stays in the record until the record is written again, which the end of another object of it asks for.
func TestIntentOfAnObjectThatIsNoMore(t *testing.T) {
	conn, process := withKeyStore(t)
	record, err := json.Marshal(intentRecord{Version: intentVersion, Creates: []intent{
		newIntent(userKind, "a", ""), newIntent(userKind, "b", ""), newIntent(userKind, "c", ""),
	}})
	if err != nil {
		t.Fatal(err)
	}
	conn.stored[intentPrefix+"one"] = string(record)
	cluster := process("here")
	cluster.CreateFulfilled(t.Context(), CreatedUser("a"))
	if conn.stored[intentPrefix+"one"] != string(record) {
		t.Error("a record with creates that may not be fulfilled is written again")
	}
	cluster.CreateUndone(t.Context(), CreatedUser("b"))
	left := conn.stored[intentPrefix+"one"]
	if strings.Contains(left, `"a"`) || strings.Contains(left, `"b"`) || !strings.Contains(left, `"c"`) {
		t.Error(left)
	}
	cluster.CreateUndone(t.Context(), CreatedUser("c"))
	if len(conn.stored) > 0 {
		t.Error(conn.stored)
	}
}

// Who may not use the store creates as without it, and asks for it once.
func TestIntentRefused(t *testing.T) {
	conn, process := withKeyStore(t)
	conn.refuses = EACCES
	cluster := process("here")
	for _, name := range []string{"a", "b", "c"} {
		if _, err := cluster.CreateUser(t.Context(), name, someCaps, Key{}); err != nil {
			t.Error(err)
		}
		cluster.CreateFulfilled(t.Context(), CreatedUser(name))
	}
	if conn.asked["config-key set"] != 1 || conn.asked["config-key dump"]+conn.asked["config-key rm"] != 0 {
		t.Error(conn.asked)
	}
}

// A cluster that can't be reached for a moment has refused nothing: later creates are recorded.
func TestIntentsAfterAnOutage(t *testing.T) {
	cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1", Origin: "here"}, func(context.Context, Config) (Conn, error) {
		return nil, &problem.Problem{Kind: problem.Unreachable}
	})
	t.Cleanup(cluster.Close)
	cluster.readIntents(t.Context())
	if cluster.intents.off {
		t.Error("no record is written any more")
	}
}

// Who waits for somebody else's reading of the records waits as long as their own context. The time is synctest's.
func TestWaitForTheReadingOfIntents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := &silentConfigKeys{fakeConn{fsid: testFSID}}
		cluster := NewCluster(Config{Label: "east", Origin: "here"}, func(context.Context, Config) (Conn, error) { return conn, nil })
		var all sync.WaitGroup
		for _, limit := range []time.Duration{10 * time.Second, time.Second} {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				begun := time.Now()
				cluster.readIntents(ctx)
				if took := time.Since(begun); took != limit {
					t.Errorf("it took %s instead of %s", took, limit)
				}
			})
			synctest.Wait()
		}
		all.Wait()
	})
}

// silentConfigKeys is a cluster whose config-key store never answers.
type silentConfigKeys struct{ fakeConn }

func (*silentConfigKeys) MonCommand(ctx context.Context, _, _ []byte) ([]byte, string, error) {
	<-ctx.Done()
	return nil, "", ctx.Err()
}

// leftImage is a cluster with one image that nobody has used.
type leftImage struct {
	*fakeConn
	image Image
}

func (l leftImage) Image(context.Context, ImageRef) (Image, error) { return l.image, nil }

func (leftImage) ImageContents(context.Context, ImageRef, string) (ImageContents, bool, error) {
	return ImageContents{}, true, nil
}

// What a create leaves to the client library's defaults may have become anything.
func TestImageIsAsWanted(t *testing.T) {
	conn := leftImage{&fakeConn{fsid: testFSID}, Image{
		SizeBytes: 1 << 20, DataPool: "chunks", ObjectSize: 1 << 20, StripeCount: 2, Features: []string{"layering"},
	}}
	cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil })
	t.Cleanup(cluster.Close)
	for name, test := range map[string]struct {
		change func(*ImageSpec)
		wanted bool
	}{
		"by defaults":       {func(*ImageSpec) {}, true},
		"the data pool":     {func(s *ImageSpec) { s.DataPool = "chunks" }, true},
		"another data pool": {func(s *ImageSpec) { s.DataPool = "other" }, false},
		"objects":           {func(s *ImageSpec) { s.ObjectSize = 1 << 20 }, true},
		"other objects":     {func(s *ImageSpec) { s.ObjectSize = 4 << 20 }, false},
		"other stripes":     {func(s *ImageSpec) { s.StripeCount = 4 }, false},
		"a feature":         {func(s *ImageSpec) { s.Features = []string{"layering"} }, true},
		"one more feature":  {func(s *ImageSpec) { s.Features = []string{"layering", "journaling"} }, false},
		"another size":      {func(s *ImageSpec) { s.SizeBytes++ }, false},
	} {
		spec := ImageSpec{ImageRef: ImageRef{Pool: "vms", Name: "data"}, SizeBytes: 1 << 20}
		test.change(&spec)
		if cluster.imageIsAsWanted(t.Context(), spec) != test.wanted {
			t.Errorf("%s: want %t", name, test.wanted)
		}
	}
}
