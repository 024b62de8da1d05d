package ceph

import (
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// The monitors store a chosen key of any type, also one with which they let nobody in.
func TestChosenKeyIsOfAnAllowedType(t *testing.T) {
	caps := map[string]string{"mon": "profile rbd"}
	aes, aes256k := formerKey(), madeKey(keyTypeAES256K, 32)
	for name, test := range map[string]struct {
		dump    answer
		key     string
		refused bool
	}{
		"16":                    {recorded(t, "mon-dump"), aes, false},
		"18":                    {recorded(t, "mon-dump-18"), aes, false},
		"20, the old type":      {recorded(t, "mon-dump-20"), aes, true},
		"20, a type to come":    {recorded(t, "mon-dump-20"), madeKey(3, 48), true},
		"20, the new type":      {recorded(t, "mon-dump-20"), aes256k, false},
		"20, both, old":         {recorded(t, "mon-dump-20-both"), aes, false},
		"20, both, new":         {recorded(t, "mon-dump-20-both"), aes256k, false},
		"the user may not know": {answer{errno: EACCES, status: "access denied"}, aes, false},
	} {
		created := &authConn{absent: true, refuses: map[string]answer{}, ciphers: test.dump, caps: caps}
		changed := &authConn{refuses: map[string]answer{}, ciphers: test.dump, key: madeKey(keyTypeAES, 16), caps: caps}
		for _, conn := range []*authConn{created, changed} {
			if test.dump.errno != 0 {
				conn.refuses["mon dump"] = test.dump
			}
		}
		_, err := withAuth(created).CreateUser(t.Context(), "x", caps, GivenKey(test.key))
		other := withAuth(changed).SetKey(t.Context(), "x", GivenKey(test.key))
		if !test.refused {
			if err != nil || other != nil || created.key != test.key || changed.key != test.key {
				t.Errorf("%s: %v, %v", name, err, other)
			}
			continue
		}
		for _, err := range []error{err, other} {
			wantKind(t, err, problem.Refused, "client.x", "auth_allowed_ciphers are aes256k", "ceph mon set auth_allowed_ciphers")
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
			wantKind(t, err, test.kind, "client.x", "east", test.word)
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "nothing chosen" && len(conn.sent("mon dump")) != 0 {
			t.Error("asked although nothing is chosen")
		}
	}
}
