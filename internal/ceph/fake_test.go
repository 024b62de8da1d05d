package ceph

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"sync"
	"testing"
)

// answer is what the fake says to a monitor command.
type answer struct {
	out    string
	status string
	errno  Errno
}

// fakeConn answers monitor commands by their prefix, with what a real monitor was recorded to say, and remembers what it
// was asked. A method that a test doesn't expect panics, by the nil interface.
type fakeConn struct {
	Conn
	fsid    string
	answers map[string]answer

	mu     sync.Mutex
	asked  []map[string]any
	closed bool
}

func (f *fakeConn) FSID(context.Context) (string, error) { return f.fsid, nil }

// PoolName tells what the answer to osd pool ls does.
func (f *fakeConn) PoolName(_ context.Context, id int64) (string, error) {
	var pools []poolRecord
	if err := json.Unmarshal([]byte(f.answers["osd pool ls"].out), &pools); err != nil {
		return "", err
	}
	for _, pool := range pools {
		if pool.ID == id {
			return pool.Name, nil
		}
	}
	return "", ENOENT
}

// ImageHeaders has none: no image of a test is a clone, unless the test says so.
func (f *fakeConn) ImageHeaders(context.Context, string, string, []string) (map[string]Image, error) {
	return nil, nil
}

func (f *fakeConn) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}

func (f *fakeConn) MonCommand(ctx context.Context, text, _ []byte) ([]byte, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	var cmd map[string]any
	if err := json.Unmarshal(text, &cmd); err != nil {
		return nil, "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, cmd)
	prefix, _ := cmd["prefix"].(string)
	a, ok := f.answers[prefix]
	if !ok {
		return nil, "", errors.New("the test has no answer to " + prefix)
	}
	if a.errno != 0 {
		return nil, a.status, a.errno
	}
	return []byte(a.out), a.status, nil
}

// sent returns the commands with this prefix.
func (f *fakeConn) sent(prefix string) []map[string]any {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []map[string]any
	for _, cmd := range f.asked {
		if cmd["prefix"] == prefix {
			list = append(list, cmd)
		}
	}
	return list
}

const testFSID = "a9e0b308-0dd1-407e-b5b0-e106485ea686"

func withFake(answers map[string]answer) (*Cluster, *fakeConn) {
	conn := &fakeConn{fsid: testFSID, answers: answers}
	dial := func(context.Context, Config) (Conn, error) { return conn, nil }
	return NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, dial), conn
}

func recorded(t *testing.T, name string) answer {
	t.Helper()
	out, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return answer{out: string(out)}
}
