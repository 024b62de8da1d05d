package ceph

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// authConn is a monitor of some release: it has one user, and knows only some of the commands. The texts of its refusals
// are recorded ones.
type authConn struct {
	Conn
	knows   []string
	refuses map[string]answer // by prefix
	// auth rotate and get-or-create obey key_type, which get-or-create-pending of no release does, and prefer aes256k.
	typed   bool
	ciphers answer // to mon dump; zero: a release without key types
	key     string
	pending string
	caps    map[string]string
	absent  bool
	// unanswered are commands, by prefix, to which no answer comes. They are obeyed all the same, unless lost tells that they aren't.
	unanswered map[string]error
	lost       bool
	failing    map[string]error
	// unreadAfter is a command after which the user can't be read.
	unreadAfter string
	failAfter   map[string]error // commands that are neither obeyed nor answered once an unanswered one was sent
	keepsNoCaps bool             // as a release whose import takes over the caps of the keyring wrongly
	asked       []string
	worked      bool // the user had a key after each command
}

// authReply is a user as the monitors write it.
type authReply struct {
	Entity  string            `json:"entity"`
	Key     string            `json:"key"`
	Pending string            `json:"pending_key,omitempty"`
	Caps    map[string]string `json:"caps"`
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
	if cmd.Prefix == "version" { // each connection asks
		return nil, "", nil
	}
	a.asked = append(a.asked, cmd.Prefix)
	if failure := a.unanswered[cmd.Prefix]; failure != nil {
		delete(a.unanswered, cmd.Prefix)
		if !a.lost {
			_, _, _ = a.MonCommand(context.Background(), text, input)
		}
		a.failing = a.failAfter
		return nil, "", failure
	}
	if cmd.Prefix == "auth get" && slices.Contains(a.asked, a.unreadAfter) {
		return nil, "", ETIMEDOUT
	}
	if failure := a.failing[cmd.Prefix]; failure != nil {
		return nil, "", failure
	}
	defer func() { a.worked = a.worked && (a.key != "" || a.absent) }()
	if refusal, ok := a.refuses[cmd.Prefix]; ok {
		return nil, refusal.status, refusal.errno
	}
	made := madeKey(keyTypeAES, 16)
	if a.typed && cmd.Prefix != "auth get-or-create-pending" && cmd.KeyType != typeNameAES {
		made = madeKey(keyTypeAES256K, 32)
	}
	switch cmd.Prefix {
	case "mon dump":
		if a.ciphers.out == "" {
			return []byte(`{"epoch":1}`), "", nil
		}
		return []byte(a.ciphers.out), "", nil
	case "auth get":
		if a.absent {
			return nil, "failed to find client.x in keyring", ENOENT
		}
		out, err := json.Marshal([]authReply{{Entity: "client.x", Key: a.key, Pending: a.pending, Caps: a.caps}})
		return out, "", err
	case "auth ls":
		return []byte(`{"auth_dump":[]}`), "", nil
	case "auth get-or-create":
		a.absent, a.key, a.caps = false, made, map[string]string{"mon": "profile rbd"}
		out, err := json.Marshal([]authReply{{Entity: "client.x", Key: a.key, Caps: a.caps}})
		return out, "", err
	case "auth add":
		a.absent, a.key = false, keyIn(input)
		return nil, "", nil
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
		a.key, a.pending = keyIn(input), ""
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
		out, err := json.Marshal([]authReply{{Entity: "client.x", Key: a.key, Pending: a.pending}})
		return out, "", err
	case "auth clear-pending":
		a.pending = ""
	case "auth commit-pending":
		a.key, a.pending = a.pending, ""
	}
	return nil, "", nil
}

func keyIn(keyring []byte) string {
	_, text, _ := strings.Cut(string(keyring), "key = ")
	key, _, _ := strings.Cut(text, "\n")
	return key
}

func withAuth(conn *authConn) *Cluster {
	conn.worked = true
	return NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil })
}

var (
	pendingCommands = []string{"auth get-or-create-pending", "auth commit-pending", "auth clear-pending"}
	allCommands     = append([]string{"auth rotate"}, pendingCommands...)
)

// formerKey and somebodysKey are keys that the fake monitor doesn't make.
func formerKey() string    { return otherKey(keyTypeAES, 16, 'B') }
func somebodysKey() string { return otherKey(keyTypeAES, 16, 'C') }

func otherKey(kind uint16, length int, letter byte) string {
	key := []byte(madeKey(kind, length))
	key[20] = letter
	return string(key)
}
