package libvirt

import (
	"context"
	"errors"
	"fmt"
	"testing"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func TestOnlyTheRightCodeIsNotFound(t *testing.T) {
	h := host(t, Config{URI: "qemu:///system"})
	look := operation{doing: "read secret x", absent: rpc.ErrNoSecret}
	for _, err := range []error{
		rpc.Error{Code: 42},
		rpc.Error{Code: 38},
		rpc.Error{Code: 45},
		rpc.Error{Code: 88},
		rpc.Error{Code: 1},
		rpc.Error{Code: 0},
		rpc.ErrInterrupted, context.DeadlineExceeded, context.Canceled, errors.New("no secret with matching uuid"),
	} {
		if problem.Is(h.fail(look, err), problem.NotFound) {
			t.Errorf("%v counts as not found", err)
		}
	}
	expect.Problem(t, h.fail(look, fmt.Errorf("wrapped: %w", rpc.Error{Code: 66, Message: "Secret not found"})), problem.NotFound,
		"Could not read secret x on hypervisor \"kvm1\"", "Secret not found (libvirt error 66)")
	for code := range uint32(120) {
		if problem.Is(h.fail(operation{doing: "attach"}, rpc.Error{Code: code}), problem.NotFound) {
			t.Errorf("code %d counts as not found in a call that looks nothing up", code)
		}
	}
}

func TestCodesHaveTheirKinds(t *testing.T) {
	h := host(t, Config{URI: "qemu:///system"})
	for code, kind := range map[uint32]problem.Kind{
		1: problem.Other, 3: problem.Unsupported, 84: problem.Unsupported, 27: problem.Invalid, 67: problem.Invalid, 45: problem.Denied,
		88: problem.Denied, 55: problem.Busy, 68: problem.Busy, 65: problem.Denied, 66: problem.Invalid, 99: problem.Other,
	} {
		if err := h.fail(operation{doing: "x"}, rpc.Error{Code: code}); problem.KindOf(err) != kind {
			t.Errorf("code %d: kind %v", code, problem.KindOf(err))
		}
	}
	for _, err := range []error{rpc.ErrInterrupted, context.Canceled, context.DeadlineExceeded, errNotSent, timeLimit(1)} {
		if got := h.fail(operation{doing: "x"}, err); problem.KindOf(got) != problem.Unreachable {
			t.Errorf("%v: kind %v", err, problem.KindOf(got))
		}
	}
	first := h.fail(operation{doing: "x"}, rpc.Error{Code: 27})
	if second := h.fail(operation{doing: "y"}, first); second != first { //nolint:errorlint // it is the same one.
		t.Error("a problem was wrapped again")
	}
}
