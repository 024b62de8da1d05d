package rados

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
)

// keyOf builds a key of a type, with a secret of some length.
func keyOf(kind, length byte) ceph.Key {
	return ceph.KeyOf(sensitive.New(append([]byte{kind, 0, 1, 2, 3, 4, 5, 6, 7, 8, length, 0}, make([]byte, length)...)))
}

// What librados 16, 18 and 20 were seen to answer to these.
func TestExplainKeys(t *testing.T) {
	aes, aes256k := keyOf(1, 16), keyOf(2, 32)
	addresses := ceph.Config{Label: "east", User: "x", MonHost: "[v2:192.0.2.1:3300,v1:192.0.2.1:6789],[v2:[2001:db8::1]:3300]"}
	file, name := addresses, addresses
	file.ConfigFile, file.MonHost = "/etc/ceph/east.conf", ""
	name.MonHost = "192.0.2.1,no-such-host.invalid:6789"
	spaced, spacedFile := addresses, file
	spaced.User, spacedFile.User = "a b", "a b"
	for what, test := range map[string]struct {
		cfg   ceph.Config
		key   ceph.Key
		errno ceph.Errno
		kind  problem.Kind
		words []string
		not   string
	}{
		"new key, given": {
			addresses, aes256k, ceph.EINVAL, problem.Unsupported,
			[]string{"aes256k", "20.2.4", "Upgrade librados2"},
			"resolve",
		},
		"new key, keyring": {
			file, aes256k, ceph.EIO, problem.Unsupported,
			[]string{"aes256k", "20.2.4", "Upgrade librados2", "EIO"},
			"resolve",
		},
		"new key of another": {
			file, aes, ceph.EIO, problem.Invalid,
			[]string{"/etc/ceph/east.conf", "client.x only", "aes256k"},
			"resolve",
		},
		"name, and library new":      {name, aes256k, ceph.EINVAL, problem.Invalid, []string{"no-such-host.invalid does not resolve"}, "aes256k"},
		"name, new key of a keyring": {name, aes256k, ceph.EIO, problem.Unsupported, []string{"aes256k"}, "resolve"},
		"something else":             {addresses, aes, ceph.EINVAL, problem.Invalid, []string{"can't use a value"}, "aes256k"},
		"refused, old key": {
			addresses, aes, ceph.EACCES, problem.Denied,
			[]string{"ceph auth get client.x", "auth_allowed_ciphers"},
			"librados",
		},
		"refused, a name of words":   {spaced, aes, ceph.EACCES, problem.Denied, []string{"ceph auth get 'client.a b')"}, "librados"},
		"a keyring, a name of words": {spacedFile, aes, ceph.EIO, problem.Invalid, []string{"ceph auth get 'client.a b' -o"}, "resolve"},
		"refused, new key": {
			addresses, aes256k, ceph.EACCES, problem.Denied,
			[]string{"ceph auth get client.x"},
			"auth_allowed_ciphers",
		},
		"refused, key unknown to us": {
			addresses,
			ceph.Key{},
			ceph.EACCES, problem.Denied,
			[]string{"ceph auth get client.x"},
			"auth_allowed_ciphers",
		},
	} {
		err := explain(t.Context(), test.cfg, test.key, fmt.Errorf("rados: %w", test.errno))
		text := err.Error()
		if !problem.Is(err, test.kind) || strings.Contains(text, test.not) {
			t.Errorf("%s: %v", what, err)
		}
		for _, word := range append(test.words, `"east"`) {
			if !strings.Contains(text, word) {
				t.Errorf("%s: %q is missing in: %v", what, word, err)
			}
		}
		if !test.key.IsZero() && strings.Contains(text, test.key.Text()) {
			t.Errorf("%s: the error holds the key", what)
		}
	}
}
