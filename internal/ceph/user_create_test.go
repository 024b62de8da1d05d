package ceph

import (
	"errors"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func TestCreateUserOfType(t *testing.T) {
	caps := map[string]string{"mon": "profile rbd"}
	conn := &authConn{absent: true, typed: true}
	user, err := withAuth(conn).CreateUserOfType(t.Context(), "x", caps, typeNameAES256K)
	if err != nil || user.Key.Type() != typeNameAES256K {
		t.Errorf("%v, %v", err, user.Key.Check())
	}

	// An older monitor ignores the field: what it made is not left behind.
	conn = &authConn{absent: true}
	_, err = withAuth(conn).CreateUserOfType(t.Context(), "x", caps, typeNameAES256K)
	expect.Problem(t, err, problem.Unsupported, "client.x", "aes256k")
	if !conn.absent {
		t.Error("a user with a key of the wrong type was left behind")
	}

	conn = &authConn{absent: true, refuses: map[string]answer{"auth get-or-create": {
		errno:  EINVAL,
		status: `creating key with insecure key type ("aes") not allowed`,
	}}}
	_, err = withAuth(conn).CreateUserOfType(t.Context(), "x", caps, typeNameAES)
	expect.Problem(t, err, problem.Refused, "aes256k", "insecure")
	var p *problem.Problem
	if !errors.As(err, &p) || !strings.Contains(p.Do, "ceph mon set auth_allowed_ciphers") {
		t.Error(err)
	}
}

// A key that was changed counts as that also where it can't be read afterwards, so that the state has it.
func TestKeyThatCanNotBeReadAfterwards(t *testing.T) {
	caps := map[string]string{"mon": "profile rbd"}
	chosen := GivenKey(madeKey(keyTypeAES, 16))
	changed, err := withAuth(&authConn{key: formerKey(), caps: caps, unreadAfter: "auth import"}).SetKey(t.Context(), "x", chosen)
	if expect.Problem(t, err, problem.Unreachable); !changed {
		t.Error("the key counts as not changed")
	}
	changed, err = withAuth(&authConn{key: formerKey(), caps: caps, refuses: map[string]answer{"auth import": {errno: EINVAL}}}).
		SetKey(t.Context(), "x", chosen)
	if err == nil || changed {
		t.Errorf("refused: %v, changed %t", err, changed)
	}
}
