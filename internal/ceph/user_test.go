package ceph

import (
	"context"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// The number alone doesn't prove that a user is gone.
func TestUserNotFoundNeedsAListing(t *testing.T) {
	missing := answer{errno: ENOENT, status: "failed to find client.x in keyring"}
	for _, test := range []struct {
		ls   answer
		kind problem.Kind
	}{
		{answer{out: `{"auth_dump":[{"entity":"client.admin","key":"secret","caps":{}}]}`}, problem.NotFound},
		{answer{out: `{"auth_dump":[{"entity":"client.x","key":"secret","caps":{}}]}`}, problem.Other},
		{answer{errno: EACCES, status: "access denied"}, problem.Denied},
		{answer{errno: ETIMEDOUT}, problem.Unreachable},
	} {
		cluster, _ := withFake(map[string]answer{"auth get": missing, "auth ls": test.ls})
		_, err := cluster.User(context.Background(), "x")
		expect.Problem(t, err, test.kind, "client.x")
	}
}
