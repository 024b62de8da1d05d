package ceph

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
)

// The monitors store a chosen key of any type, also one with which they let nobody in.
func TestChosenKeyIsOfAnAllowedType(t *testing.T) {
	caps := map[string]string{"mon": "profile rbd"}
	aes, aes256k := formerKey(), madeKey(keyTypeAES256K, 32)
	const notAllowed = "its auth_allowed_ciphers are aes256k"
	for name, test := range map[string]struct {
		dump    answer
		key     string
		refused string // a word of the error; none: it is taken
	}{
		"16":                    {recorded(t, "mon-dump"), aes, ""},
		"16, the new type":      {recorded(t, "mon-dump"), aes256k, "The chosen key is of type aes256k, and"},
		"16, a type to come":    {recorded(t, "mon-dump"), madeKey(3, 48), "The chosen key is of a type that is unknown here, and"},
		"18":                    {recorded(t, "mon-dump-18"), aes, ""},
		"18, the new type":      {recorded(t, "mon-dump-18"), aes256k, "it takes keys of type aes only. Nothing was changed."},
		"20, the old type":      {recorded(t, "mon-dump-20"), aes, notAllowed},
		"20, a type to come":    {recorded(t, "mon-dump-20"), madeKey(3, 48), notAllowed},
		"20, the new type":      {recorded(t, "mon-dump-20"), aes256k, ""},
		"20, both, old":         {recorded(t, "mon-dump-20-both"), aes, ""},
		"20, both, new":         {recorded(t, "mon-dump-20-both"), aes256k, ""},
		"the user may not know": {answer{errno: EACCES, status: "access denied"}, aes, ""},
	} {
		created := &authConn{absent: true, refuses: map[string]answer{}, ciphers: test.dump, caps: caps}
		changed := &authConn{refuses: map[string]answer{}, ciphers: test.dump, key: madeKey(keyTypeAES, 16), caps: caps}
		for _, conn := range []*authConn{created, changed} {
			if test.dump.errno != 0 {
				conn.refuses["mon dump"] = test.dump
			}
		}
		_, err := withAuth(created).CreateUser(t.Context(), "x", caps, GivenKey(test.key))
		_, other := withAuth(changed).SetKey(t.Context(), "x", GivenKey(test.key))
		if test.refused == "" {
			if err != nil || other != nil || created.key != test.key || changed.key != test.key {
				t.Errorf("%s: %v, %v", name, err, other)
			}
			continue
		}
		for _, err := range []error{err, other} {
			if test.refused == notAllowed {
				expect.Problem(t, err, problem.Refused, "client.x", notAllowed, "ceph mon set auth_allowed_ciphers")
			} else {
				expect.Problem(t, err, problem.Unsupported, "client.x", test.refused, "Ceph 19.2.6, 20.2.4 or newer")
			}
			if strings.Contains(err.Error(), test.key) {
				t.Error("the error holds the key")
			}
		}
		if !created.absent || changed.key == test.key {
			t.Errorf("%s: the key was sent all the same", name)
		}
	}

	// Where no key is chosen, nobody asks.
	conn := &authConn{absent: true, knows: allCommands}
	if _, err := withAuth(conn).CreateUser(t.Context(), "x", caps, Key{}); err != nil {
		t.Error(err)
	}
	conn.key = formerKey()
	if _, err := withAuth(conn).RotateKey(t.Context(), "x", ""); err != nil || slices.Contains(conn.asked, "mon dump") {
		t.Errorf("%v: %q", err, conn.asked)
	}
}

// Monitors of releases without key types quote a key that they can't read. Who may not read the monitor map sends them one.
func TestRefusedKeyIsNotTold(t *testing.T) {
	key := secretKeyOfType(t, keyTypeAES256K, 32)
	text, caps := key.Text(), map[string]string{"mon": "profile rbd"}
	for name, status := range map[string]string{
		"whole":     "error decoding keyring error setting modifier for [client.x] type=key val=" + text + ": Malformed input",
		"cut off":   "error decoding keyring error setting modifier for [client.x] type=key val=" + text[:40],
		"in pieces": "error decoding keyring " + text[:20] + "\n" + text[20:],
		"decoded":   "error decoding keyring " + string(key.Bytes()),
	} {
		refusal := answer{errno: EINVAL, status: status}
		refuses := map[string]answer{"mon dump": {errno: EACCES, status: "access denied"}, "auth add": refusal, "auth import": refusal}
		_, added := withAuth(&authConn{absent: true, refuses: refuses}).CreateUser(t.Context(), "x", caps, key)
		_, imported := withAuth(&authConn{refuses: refuses, key: formerKey(), caps: caps}).SetKey(t.Context(), "x", key)
		for _, err := range []error{added, imported} {
			expect.Problem(t, err, problem.Unsupported, "can't read the key", "EINVAL", "error decoding keyring", sensitive.Placeholder)
			for i := range len(text) - 8 {
				if strings.Contains(err.Error(), text[i:i+8]) {
					t.Fatalf("%s: a part of the key is told: %v", name, err)
				}
			}
			if strings.Contains(err.Error(), string(key.Bytes()[keyHeader:])) {
				t.Errorf("%s: the decoded key is told", name)
			}
		}
	}
}

// secretKeyOfType is a key of a type with a secret in which no part comes twice.
func secretKeyOfType(t *testing.T, kind uint16, length int) Key {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(madeKey(kind, length))
	if err != nil {
		t.Fatal(err)
	}
	for i := range length {
		raw[keyHeader+i] = byte(0x21 + 3*i)
	}
	return KeyOf(sensitive.New(raw))
}

func TestCheckKey(t *testing.T) {
	for name, test := range map[string]struct {
		dump         string
		key, keyType string
		kind         problem.Kind // zero: none
		word         string
	}{
		"nothing chosen":     {"mon-dump-20", "", "", 0, ""},
		"20, key":            {"mon-dump-20", formerKey(), "", problem.Refused, "auth_allowed_ciphers are aes256k"},
		"20, type":           {"mon-dump-20", "", typeNameAES, problem.Refused, "auth_allowed_ciphers are aes256k"},
		"20, allowed type":   {"mon-dump-20-both", "", typeNameAES, 0, ""},
		"18, type not known": {"mon-dump-18", "", typeNameAES256K, problem.Unsupported, "20.2.4"},
		"18, only type":      {"mon-dump-18", "", typeNameAES, 0, ""},
	} {
		cluster, conn := withFake(map[string]answer{"mon dump": recorded(t, test.dump)})
		err := cluster.CheckKey(t.Context(), "x", GivenKey(test.key), test.keyType)
		if test.kind != 0 {
			expect.Problem(t, err, test.kind, "client.x", "east", test.word)
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "nothing chosen" && len(conn.sent("mon dump")) != 0 {
			t.Error("asked although nothing is chosen")
		}
	}
}
