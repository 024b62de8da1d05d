package ceph

import (
	"slices"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

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
			if user.Key.Text() != conn.key || user.Key.Text() == formerKey() || len(user.Caps) != 2 || len(conn.caps) != 2 || !conn.worked {
				t.Errorf("%v has a new key: %v; had a key all the time: %v", user, user.Key.Text() != formerKey(), conn.worked)
			}
			if err := user.Key.Check(); err != nil {
				t.Error(err)
			}
			sent := slices.DeleteFunc(conn.asked, func(prefix string) bool { return prefix == "auth get" })
			if !slices.Equal(sent, test.sent) {
				t.Errorf("sent %q, want %q", sent, test.sent)
			}
		})
	}
}

// A rotation keeps the key's type unless another one is asked for, also where the cluster prefers the other one.
func TestRotateKeyKeepsItsType(t *testing.T) {
	both, strongKey := recorded(t, "mon-dump-20-both"), otherKey(keyTypeAES256K, 32, 'B')
	for name, test := range map[string]struct{ key, keyType, want string }{
		"aes":                {formerKey(), "", typeNameAES},
		"aes256k":            {strongKey, "", typeNameAES256K},
		"aes256k asked for":  {formerKey(), typeNameAES256K, typeNameAES256K},
		"aes asked for":      {strongKey, typeNameAES, typeNameAES},
		"of no type we know": {madeKey(3, 48), "", typeNameAES256K},
	} {
		conn := &authConn{knows: allCommands, typed: true, ciphers: both, key: test.key, caps: map[string]string{"mon": "profile rbd"}}
		user, err := withAuth(conn).RotateKey(t.Context(), "x", test.keyType)
		if err != nil || user.Key.Type() != test.want || conn.key == test.key {
			t.Errorf("%s: a key of type %q, not %q, another one: %v: %v", name, user.Key.Type(), test.want, conn.key != test.key, err)
		}
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

// Cut off between the two commands, the user keeps its key, and the next attempt makes a key that nobody has seen.
func TestRotateKeyCutOffHalfWay(t *testing.T) {
	conn := &authConn{
		knows: pendingCommands, key: formerKey(), caps: map[string]string{"mon": "profile rbd"},
		refuses: map[string]answer{"auth commit-pending": {errno: ETIMEDOUT}},
	}
	cluster := withAuth(conn)
	_, err := cluster.RotateKey(t.Context(), "x", "")
	expect.Problem(t, err, problem.Unreachable, "client.x", "east")
	if conn.key != formerKey() || conn.pending == "" {
		t.Error("the key has changed already, or no other one was made")
	}
	conn.pending = somebodysKey()
	conn.refuses = nil
	user, err := cluster.RotateKey(t.Context(), "x", "")
	if err != nil || user.Key.Text() == somebodysKey() || user.Key.Text() == formerKey() || conn.pending != "" || !conn.worked {
		t.Errorf("the pending key was taken, or left: %v", err)
	}
}

// A pending key that somebody has made works too, until it is cleared, and an `auth rotate` leaves it in place.
func TestRotateKeyLeavesNoOtherKey(t *testing.T) {
	for name, knows := range map[string][]string{"19.2.3 and later": allCommands, "18": pendingCommands} {
		conn := &authConn{knows: knows, key: formerKey(), pending: somebodysKey(), caps: map[string]string{"mon": "profile rbd"}}
		user, err := withAuth(conn).RotateKey(t.Context(), "x", "")
		if key := user.Key.Text(); err != nil || conn.pending != "" || key == somebodysKey() || key == formerKey() || !conn.worked ||
			len(conn.caps) != 1 {
			t.Errorf("%s: a pending key is left, or was taken: %v", name, err)
		}
		// The other way round a client could use the pending key just after the rotation, which makes it the only one.
		if asked := slices.Index(conn.asked, "auth clear-pending"); asked < 0 || asked > slices.Index(conn.asked, "auth rotate") {
			t.Errorf("%s: cleared too late: %q", name, conn.asked)
		}
		conn = &authConn{
			knows: knows, key: formerKey(), pending: somebodysKey(), caps: map[string]string{"mon": "profile rbd"},
			refuses: map[string]answer{"auth clear-pending": {errno: EACCES, status: "access denied"}},
		}
		_, err = withAuth(conn).RotateKey(t.Context(), "x", "")
		expect.Problem(t, err, problem.Denied, "client.x")
		if conn.key != formerKey() {
			t.Errorf("%s: rotated beside a pending key", name)
		}
	}
}

// What can't be of the type that was asked for is refused before anything is changed.
func TestRotateKeyRefusedChangesNothing(t *testing.T) {
	denied := map[string]answer{"mon dump": {errno: EACCES, status: "access denied"}}
	for name, test := range map[string]struct {
		knows   []string
		ciphers answer
		refuses map[string]answer
		keyType string
		kind    problem.Kind
		pending string
		word    string
	}{
		"20.2.4, not allowed": {
			allCommands, recorded(t, "mon-dump-20"), nil, typeNameAES, problem.Refused, somebodysKey(), "auth_allowed_ciphers are aes256k",
		},
		"18": {
			pendingCommands, recorded(t, "mon-dump-18"), nil, typeNameAES256K, problem.Unsupported, somebodysKey(), "20.2.4",
		},
		"20.2.0":             {allCommands, answer{}, nil, typeNameAES256K, problem.Unsupported, somebodysKey(), "20.2.4"},
		"18, nobody may ask": {pendingCommands, answer{}, denied, typeNameAES256K, problem.Unsupported, "", "20.2.4"},
		"16, nobody may ask": {nil, answer{}, denied, typeNameAES256K, problem.Unsupported, "", "20.2.4"},
		"monitors do not answer": {
			allCommands,
			answer{},
			map[string]answer{"mon dump": {errno: ETIMEDOUT}},
			typeNameAES, problem.Unreachable,
			somebodysKey(), "east",
		},
	} {
		conn := &authConn{
			knows: test.knows, ciphers: test.ciphers, refuses: test.refuses, key: formerKey(), pending: test.pending,
			caps: map[string]string{"mon": "profile rbd"},
		}
		_, err := withAuth(conn).RotateKey(t.Context(), "x", test.keyType)
		expect.Problem(t, err, test.kind, "client.x", test.word)
		if conn.key != formerKey() || conn.pending != test.pending || !conn.worked {
			t.Errorf("%s: something was changed: %q", name, conn.asked)
		}
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
		`creating key with insecure key type ("aes") not allowed`: {
			EINVAL, problem.Refused, "auth_allowed_ciphers",
		},
		"refusing to create key with type (aes) that cannot be used for auth (auth_allowed...)": {
			EINVAL, problem.Refused, "auth_allowed_ciphers",
		},
	} {
		conn := &authConn{
			knows: allCommands, key: formerKey(), caps: map[string]string{"mon": "profile rbd"},
			refuses: map[string]answer{"auth rotate": {errno: test.errno, status: status}},
		}
		_, err := withAuth(conn).RotateKey(t.Context(), "x", "")
		expect.Problem(t, err, test.kind, test.word, status)
		if slices.Contains(conn.asked, "auth import") || slices.Contains(conn.asked, "auth get-or-create-pending") || conn.key != formerKey() {
			t.Errorf("%s: tried otherwise: %q", status, conn.asked)
		}
	}
}

func TestRotateKeyReadsTheResult(t *testing.T) {
	conn := &authConn{knows: allCommands, key: madeKey(keyTypeAES, 16), caps: map[string]string{"mon": "profile rbd"}}
	_, err := withAuth(conn).RotateKey(t.Context(), "x", "")
	expect.Problem(t, err, problem.Other, "former key")
}

func TestRotateKeyOfType(t *testing.T) {
	both := recorded(t, "mon-dump-20-both")
	for name, test := range map[string]struct {
		knows   []string
		typed   bool
		ciphers answer
		keyType string
		kind    problem.Kind // zero: none
	}{
		"known":          {allCommands, true, both, typeNameAES256K, 0},
		"known, aes":     {allCommands, true, both, typeNameAES, 0},
		"ignored":        {allCommands, false, both, typeNameAES256K, problem.Unsupported},
		"only aes, 18":   {pendingCommands, false, recorded(t, "mon-dump-18"), typeNameAES, 0},
		"only aes, 16":   {nil, false, recorded(t, "mon-dump"), typeNameAES, 0},
		"not known, 18":  {pendingCommands, false, recorded(t, "mon-dump-18"), typeNameAES256K, problem.Unsupported},
		"not known, 16":  {nil, false, recorded(t, "mon-dump"), typeNameAES256K, problem.Unsupported},
		"pending, typed": {pendingCommands, true, both, typeNameAES256K, problem.Unsupported},
	} {
		conn := &authConn{
			knows: test.knows, typed: test.typed, ciphers: test.ciphers, key: formerKey(), caps: map[string]string{"mon": "profile rbd"},
		}
		user, err := withAuth(conn).RotateKey(t.Context(), "x", test.keyType)
		if test.kind != 0 {
			expect.Problem(t, err, test.kind, "aes256k", "20.2.4")
			continue
		}
		if err != nil || user.Key.Type() != test.keyType || user.Key.Text() == formerKey() {
			t.Errorf("%s: %v, %v", name, err, user.Key.Check())
		}
	}
}
