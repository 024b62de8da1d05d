package libvirt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt/transport"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// operation is what the text of an error needs to know of a call to libvirt.
type operation struct {
	// doing completes "Could not …", with the object's name and without the host's.
	doing string
	// absent is the code that proves that the object is not there. Without it no code is ever problem.NotFound.
	absent rpc.ErrorNumber
	// advice says more of single codes than the table can, because it knows the call.
	advice map[rpc.ErrorNumber]meaning
	// connecting marks the call that opens the connection.
	connecting bool
	// limit replaces the host's OperationTimeout for this call.
	limit time.Duration
	// changes marks a call whose effect is unknown when no answer comes.
	changes bool
}

// meaning is how a libvirt error code is to be understood.
type meaning struct {
	kind    problem.Kind
	why, do string
}

// meanings are what the codes mean in the reply to any call. The words of a reply count more, then the operation's advice.
var meanings = map[rpc.ErrorNumber]meaning{
	rpc.ErrNoSupport:            {problem.Unsupported, "This driver or release of libvirt can't do it.", "Update libvirt on the host."},
	rpc.ErrOperationUnsupported: {problem.Unsupported, "libvirt can't do this to a running domain, or not with this device.", ""},
	rpc.ErrArgumentUnsupported: {problem.Unsupported, "This release of libvirt doesn't know an argument of the call.", "Update libvirt on" +
		" the host."},
	rpc.ErrConfigUnsupported: {problem.Invalid, "libvirt or QEMU on this host can't do what the definition asks for.", "Change the attribute" +
		" that the reply names."},
	rpc.ErrXMLError:         {problem.Invalid, "libvirt refuses the definition.", "Change the attribute that the reply names."},
	rpc.ErrXMLDetail:        {problem.Invalid, "libvirt refuses the definition.", "Change the attribute that the reply names."},
	rpc.ErrXMLInvalidSchema: {problem.Invalid, "libvirt refuses the definition.", "Change the attribute that the reply names."},
	rpc.ErrInvalidArg:       {problem.Invalid, "libvirt refuses a value.", "Change the attribute that the reply names."},
	rpc.ErrOperationInvalid: {problem.Busy, "The domain isn't in the state that this needs: it was started, stopped or changed" +
		" meanwhile.", "Apply again."},
	rpc.ErrOperationTimeout: {
		problem.Busy, "Another call holds the domain.", "Wait until it has ended (virsh domjobinfo shows it), then apply again.",
	},
	rpc.ErrResourceBusy: {problem.Busy, "Somebody else uses it.", "Apply again when that has ended."},
	rpc.ErrBlockCopyActive: {problem.Busy, "A block job (copy, backup, commit) runs on this disk.", "Wait until it has ended (virsh blockjob" +
		" shows it), then apply again."},
	rpc.ErrNoDomain: {problem.Other, "The domain is gone.", "Apply again: the next refresh shows where it is."},
	rpc.ErrNoSecret: {
		problem.Invalid, "The secret isn't defined on this host, or has no value there; libvirt doesn't say which.",
		"Define it and set its value (libvirt_ceph_secret does both), then apply again.",
	},
	rpc.ErrInvalidSecret:   {problem.Denied, "The secret is private: libvirt gives its value to nobody but QEMU.", ""},
	rpc.ErrDeviceMissing:   {problem.Other, "The domain has no such device any more.", "Apply again: the next refresh shows what is left."},
	rpc.ErrAuthFailed:      denied,
	rpc.ErrAuthCancelled:   denied,
	rpc.ErrAuthUnavailable: denied,
	rpc.ErrAccessDenied:    denied,
	rpc.ErrOperationDenied: denied,
}

var denied = meaning{
	problem.Denied, "libvirt refuses it to this user.",
	"Connect as a user who may manage domains and secrets: root, a member of the group libvirt, or one whom polkit's rules allow it.",
}

// fail makes a problem of an error. An error that is one stays as it is.
func (h *Host) fail(op operation, err error) error {
	var done *problem.Problem
	if errors.As(err, &done) {
		return err
	}
	p := &problem.Problem{What: fmt.Sprintf("Could not %s on %s.", op.doing, h.name())}
	if op.doing == "connect" {
		p.What = fmt.Sprintf("Could not connect to %s.", h.name())
	}
	var refused rpc.Error
	var known *transport.Refusal
	switch {
	case errors.As(err, &refused):
		h.explain(p, op, refused)
	case errors.Is(err, rpc.ErrUnsupported):
		p.Kind = problem.Unsupported
		p.Why = "The host's libvirt is too old: it doesn't know this call."
		p.Do = "Update libvirt on the host."
	case errors.Is(err, context.Canceled):
		p.Kind, p.Unanswered = problem.Unreachable, true
		p.Why = "The operation was cancelled before the answer came."
		p.Do = afterwards(op)
	case timedOut(err):
		p.Kind, p.Unanswered = problem.Unreachable, true
		p.Why = "There was no answer in time."
		p.Do = "Check that the host is up and that its daemon answers (virsh -c URI list); the limits are connect_timeout and operation_timeout" +
			" of the hypervisor and the timeouts of the resource." + afterwardsIfChanged(op)
		var held *heldDomain
		if errors.As(err, &held) {
			p.Why, p.Do = held.why, held.do+" "+afterwards(op)
		}
		p.Raw = err.Error()
	case op.connecting && errors.As(err, &known):
		p.Kind, p.Why, p.Do, p.Raw = known.Kind, known.Why, known.Do, known.Raw
	case op.connecting:
		p.Kind = problem.Unreachable
		p.Why = "No connection was made."
		p.Do = h.endpoint.Advice()
		p.Raw = err.Error()
	case broken(err):
		p.Kind, p.Unanswered = problem.Unreachable, true
		p.Why = "The connection was lost before the answer came."
		p.Do = afterwards(op)
		p.Raw = err.Error()
	default:
		p.Raw = err.Error()
	}
	return p
}

// explain fills in what a reply of the daemon means.
func (h *Host) explain(p *problem.Problem, op operation, refused rpc.Error) {
	number := rpc.ErrorNumber(refused.Code) //nolint:gosec // libvirt's codes are small.
	p.Raw = fmt.Sprintf("%s (libvirt error %d)", refused.Message, refused.Code)
	if number == op.absent && number != rpc.ErrOk {
		p.Kind = problem.NotFound
		p.Why = "It isn't there."
		return
	}
	m, ok := meaningOf(refused)
	if !ok {
		m, ok = op.advice[number]
	}
	if !ok {
		m = meanings[number]
	}
	p.Kind, p.Why, p.Do = m.kind, m.why, m.do
	if op.connecting && number == rpc.ErrRPC {
		p.Kind = problem.Denied
		p.Why = "The daemon wants an authentication that this provider doesn't have. With SASL (auth_tcp or auth_tls in libvirtd.conf) it can't" +
			" connect; none and polkit work."
		p.Do = "Connect by ssh (qemu+ssh://), or by TLS with client certificates and auth_tls = \"none\"."
	}
}

// afterwards is the advice where it is unknown whether a call took effect.
func afterwards(op operation) string {
	if op.changes {
		return "It isn't known whether it took effect. Apply again: the next refresh shows it."
	}
	return "Apply again."
}

// afterwardsIfChanged is that advice for a call that changes something, and empty for a read.
func afterwardsIfChanged(op operation) string {
	if op.changes {
		return " " + afterwards(op)
	}
	return ""
}

// code is libvirt's error number, or rpc.ErrOk where the error isn't one of the daemon's.
func code(err error) rpc.ErrorNumber {
	var refused rpc.Error
	if errors.As(err, &refused) {
		return rpc.ErrorNumber(refused.Code) //nolint:gosec // libvirt's codes are small.
	}
	return rpc.ErrOk
}

// timedOut reports whether a limit of this side ended a call.
func timedOut(err error) bool {
	return errors.As(err, new(errTimeLimit)) || errors.Is(err, context.DeadlineExceeded)
}

// notSent reports whether a call found a dead connection and never left this process whole; go-libvirt says EINVAL where it
// knows of the loss before it writes.
func notSent(err error) bool {
	return errors.Is(err, errNotSent) || errors.Is(err, syscall.EINVAL)
}

// broken reports whether the connection, not the daemon, ended a call.
func broken(err error) bool {
	var network net.Error
	return errors.Is(err, rpc.ErrInterrupted) || notSent(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, errNotLibvirt) || errors.As(err, &network)
}

// rawOf is the daemon's reply within an error.
func rawOf(err error) string {
	var p *problem.Problem
	if errors.As(err, &p) {
		return p.Raw
	}
	return ""
}
