package ceph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// authConn is a monitor of some release: it has one user, and knows only some of the commands. The texts of its refusals
// are recorded ones.
type authConn struct {
	Conn
	knows       []string
	refuses     map[string]answer // by prefix
	typed       bool              // obeys key_type
	key         string
	pending     string
	caps        map[string]string
	absent      bool
	keepsNoCaps bool // as a release whose import takes over the caps of the keyring wrongly
	asked       []string
	worked      bool // the user had a key after each command
}

func (a *authConn) FSID(context.Context) (string, error) { return testFSID, nil }
func (a *authConn) Close()                               {}

func (a *authConn) MonCommand(_ context.Context, text, input []byte) ([]byte, string, error) {
	var cmd struct {
		Prefix  string   `json:"prefix"`
		KeyType string   `json:"key_type"`
		Caps    []string `json:"caps"`
	}
	if err := json.Unmarshal(text, &cmd); err != nil {
		return nil, "", err
	}
	a.asked = append(a.asked, cmd.Prefix)
	defer func() { a.worked = a.worked && (a.key != "" || a.absent) }()
	if refusal, ok := a.refuses[cmd.Prefix]; ok {
		return nil, refusal.status, refusal.errno
	}
	made := madeKey(keyTypeAES, 16)
	if a.typed && cmd.KeyType == typeNameAES256K {
		made = madeKey(keyTypeAES256K, 32)
	}
	switch cmd.Prefix {
	case "auth get":
		if a.absent {
			return nil, "failed to find client.x in keyring", ENOENT
		}
		out, err := json.Marshal([]authRecord{{Entity: "client.x", Key: a.key, Caps: a.caps}})
		return out, "", err
	case "auth ls":
		return []byte(`{"auth_dump":[]}`), "", nil
	case "auth get-or-create":
		a.absent, a.key, a.caps = false, made, map[string]string{"mon": "profile rbd"}
		out, err := json.Marshal([]authRecord{{Entity: "client.x", Key: a.key, Caps: a.caps}})
		return out, "", err
	case "auth rm":
		a.absent, a.key = true, ""
		return nil, "", nil
	case "auth caps":
		a.caps = map[string]string{}
		for i := 0; i+1 < len(cmd.Caps); i += 2 {
			a.caps[cmd.Caps[i]] = cmd.Caps[i+1]
		}
		return nil, "", nil
	case "auth import":
		for line := range strings.Lines(string(input)) {
			if _, key, found := strings.Cut(line, "key = "); found {
				a.key = strings.TrimSpace(key)
			}
		}
		if a.keepsNoCaps {
			a.caps = map[string]string{}
		}
		return nil, "", nil
	}
	if !slices.Contains(a.knows, cmd.Prefix) {
		return nil, "command not known", EINVAL
	}
	switch cmd.Prefix {
	case "auth rotate":
		a.key = made
	case "auth get-or-create-pending":
		if a.pending == "" {
			a.pending = made
		}
	case "auth commit-pending":
		a.key, a.pending = a.pending, ""
	}
	return nil, "", nil
}

func withAuth(conn *authConn) *Cluster {
	conn.worked = true
	return NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil })
}

var (
	pendingCommands = []string{"auth get-or-create-pending", "auth commit-pending"}
	allCommands     = append([]string{"auth rotate"}, pendingCommands...)
)

func formerKey() string {
	key := []byte(madeKey(keyTypeAES, 16))
	key[20] = 'B'
	return string(key)
}

func TestRotateKeyUsesWhatTheReleaseHas(t *testing.T) {
	for name, test := range map[string]struct {
		knows []string
		sent  []string
	}{
		"19.2.3 and later": {allCommands, []string{"auth rotate"}},
		"18":               {pendingCommands, []string{"auth rotate", "auth get-or-create-pending", "auth commit-pending"}},
		"16 and 17":        {nil, []string{"auth rotate", "auth get-or-create-pending", "auth import"}},
	} {
		t.Run(name, func(t *testing.T) {
			conn := &authConn{knows: test.knows, key: formerKey(), caps: map[string]string{"mon": "profile rbd", "osd": "profile rbd pool=p"}}
			user, err := withAuth(conn).RotateKey(t.Context(), "x", "")
			if err != nil {
				t.Fatal(err)
			}
			if user.Key != conn.key || user.Key == formerKey() || len(user.Caps) != 2 || len(conn.caps) != 2 || !conn.worked {
				t.Errorf("%v has a new key: %v; had a key all the time: %v", user, user.Key != formerKey(), conn.worked)
			}
			if _, err := ParseKey(user.Key); err != nil {
				t.Error(err)
			}
			sent := slices.DeleteFunc(conn.asked, func(prefix string) bool { return prefix == "auth get" })
			if !slices.Equal(sent, test.sent) {
				t.Errorf("sent %q, want %q", sent, test.sent)
			}
		})
	}
}

// Caps that a release drops at an import are put back.
func TestRotateKeyKeepsCaps(t *testing.T) {
	conn := &authConn{keepsNoCaps: true, key: formerKey(), caps: map[string]string{"mon": "profile rbd"}}
	user, err := withAuth(conn).RotateKey(t.Context(), "x", "")
	if err != nil || conn.caps["mon"] != "profile rbd" || user.Caps["mon"] != "profile rbd" {
		t.Errorf("%v, %v", conn.caps, err)
	}
}

// Cut off between the two commands, the user keeps its key, and the next attempt ends what the first one began.
func TestRotateKeyCutOffHalfWay(t *testing.T) {
	conn := &authConn{
		knows: pendingCommands, key: formerKey(), caps: map[string]string{"mon": "profile rbd"},
		refuses: map[string]answer{"auth commit-pending": {errno: ETIMEDOUT}},
	}
	cluster := withAuth(conn)
	_, err := cluster.RotateKey(t.Context(), "x", "")
	wantKind(t, err, problem.Unreachable, "client.x", "east")
	if conn.key != formerKey() {
		t.Error("the key has changed already")
	}
	begun := conn.pending
	conn.refuses = nil
	user, err := cluster.RotateKey(t.Context(), "x", "")
	if err != nil || user.Key != begun {
		t.Errorf("another key than the pending one was taken: %v", err)
	}
}

// Only the release's own "not known" leads to the next way: a refusal is final, or a user would be rotated against the
// cluster's will.
func TestRotateKeyRefusedIsNotTriedOtherwise(t *testing.T) {
	for status, test := range map[string]struct {
		errno Errno
		kind  problem.Kind
		word  string
	}{
		"access denied": {EACCES, problem.Denied, "client.admin"},
		`creating key with insecure key type ("aes") not allowed`:                               {EINVAL, problem.Refused, "auth_allowed_ciphers"},
		"refusing to create key with type (aes) that cannot be used for auth (auth_allowed...)": {EINVAL, problem.Refused, "auth_allowed_ciphers"},
	} {
		conn := &authConn{
			knows: allCommands, key: formerKey(), caps: map[string]string{"mon": "profile rbd"},
			refuses: map[string]answer{"auth rotate": {errno: test.errno, status: status}},
		}
		_, err := withAuth(conn).RotateKey(t.Context(), "x", "")
		wantKind(t, err, test.kind, test.word, status)
		if slices.Contains(conn.asked, "auth import") || slices.Contains(conn.asked, "auth get-or-create-pending") || conn.key != formerKey() {
			t.Errorf("%s: tried otherwise: %q", status, conn.asked)
		}
	}
}

func TestRotateKeyReadsTheResult(t *testing.T) {
	conn := &authConn{knows: allCommands, key: madeKey(keyTypeAES, 16), caps: map[string]string{"mon": "profile rbd"}}
	_, err := withAuth(conn).RotateKey(t.Context(), "x", "")
	wantKind(t, err, problem.Other, "former key")
}

func TestRotateKeyOfType(t *testing.T) {
	for name, test := range map[string]struct {
		knows []string
		typed bool
		kind  problem.Kind // zero: none
	}{
		"known":             {allCommands, true, 0},
		"ignored":           {allCommands, false, problem.Unsupported},
		"before key types":  {nil, false, problem.Unsupported},
		"ignored, pendings": {pendingCommands, false, problem.Unsupported},
	} {
		conn := &authConn{knows: test.knows, typed: test.typed, key: formerKey(), caps: map[string]string{"mon": "profile rbd"}}
		user, err := withAuth(conn).RotateKey(t.Context(), "x", typeNameAES256K)
		if test.kind != 0 {
			wantKind(t, err, test.kind, "aes256k", "20.2.4")
			continue
		}
		if raw, parseErr := ParseKey(user.Key); err != nil || parseErr != nil || KeyType(raw) != typeNameAES256K {
			t.Errorf("%s: %v, %v", name, err, parseErr)
		}
	}
}

func TestCreateUserOfType(t *testing.T) {
	caps := map[string]string{"mon": "profile rbd"}
	conn := &authConn{absent: true, typed: true}
	user, err := withAuth(conn).CreateUserOfType(t.Context(), "x", caps, typeNameAES256K)
	if raw, parseErr := ParseKey(user.Key); err != nil || parseErr != nil || KeyType(raw) != typeNameAES256K {
		t.Errorf("%v, %v", err, parseErr)
	}

	// An older monitor ignores the field: what it made is not left behind.
	conn = &authConn{absent: true}
	_, err = withAuth(conn).CreateUserOfType(t.Context(), "x", caps, typeNameAES256K)
	wantKind(t, err, problem.Unsupported, "client.x", "aes256k")
	if !conn.absent {
		t.Error("a user with a key of the wrong type was left behind")
	}

	conn = &authConn{absent: true, refuses: map[string]answer{"auth get-or-create": {errno: EINVAL, status: `creating key with insecure key type ("aes") not allowed`}}}
	_, err = withAuth(conn).CreateUserOfType(t.Context(), "x", caps, typeNameAES)
	wantKind(t, err, problem.Refused, "aes256k", "insecure")
	var p *problem.Problem
	if !errors.As(err, &p) || !strings.Contains(p.Do, "ceph mon set auth_allowed_ciphers") {
		t.Error(err)
	}
}

func TestNewAESKey(t *testing.T) {
	seen := map[string]bool{}
	for range 3 {
		key, err := newAESKey()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := ParseKey(key)
		if err != nil || len(raw) != 28 || KeyType(raw) != typeNameAES || seen[key] {
			t.Fatal(fmt.Sprint(len(raw), err))
		}
		seen[key] = true
	}
}
