package libvirt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	rpc "github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/calllog"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// connection is one session with a daemon.
type connection struct {
	client   *rpc.Libvirt
	wire     *wire
	hostUUID string
	version  Version
	removals deviceRemovals
}

// notConnected makes the error for callers who get no connection.
func (h *Host) notConnected(err error) error {
	if errors.As(err, new(breaker.TimeLimit)) {
		return h.fail(operation{doing: "get an answer"}, err)
	}
	return h.fail(operation{doing: "connect"}, err)
}

// connect dials, opens the driver and checks the host's identity.
func (h *Host) connect(parent context.Context) (_ *connection, err error) {
	end := h.log.Start(parent, changing(onHost("connect")))
	defer func() { end(refusalOf(err)) }()
	ctx, cancel := context.WithTimeoutCause(parent, h.config.ConnectTimeout, timeLimit(h.config.ConnectTimeout))
	defer cancel()
	op := operation{doing: "connect", connecting: true}

	stream, err := await(ctx, func() (io.ReadWriteCloser, error) { return h.config.Dialer.Dial(ctx) },
		func(late io.ReadWriteCloser) { _ = late.Close() })
	if ctx.Err() != nil && err != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, h.fail(op, err)
	}
	w := newWire(stream)
	c := &connection{client: rpc.NewWithDialer(w), wire: w} // no result with a name: the calls below may outlive this one
	if _, err = await(ctx, func() (struct{}, error) {
		return struct{}{}, c.client.ConnectToURI(rpc.ConnectURI(h.endpoint.Driver))
	}, nil); err != nil {
		if ctx.Err() == nil {
			err = w.explain(err)
		}
		w.cut()
		return nil, h.fail(op, err)
	}

	// The first question after a daemon's start makes it look at every emulator, which takes longer than connecting.
	ctx, cancel = context.WithTimeoutCause(parent, h.config.OperationTimeout, timeLimit(h.config.OperationTimeout))
	defer cancel()
	if c.hostUUID, err = h.identify(ctx, c); err == nil {
		c.version, err = h.checkVersion(ctx, c)
	}
	if err != nil {
		w.cut()
		return nil, err
	}
	return c, nil
}

// checkVersion reads the release of libvirt, and refuses one that is too old. One that is newer than all that are known is not refused.
func (h *Host) checkVersion(ctx context.Context, c *connection) (Version, error) {
	n, err := await(ctx, c.client.ConnectGetLibVersion, nil)
	if err != nil {
		return Version{}, h.fail(operation{doing: "ask for the version of libvirt"}, c.wire.explain(err))
	}
	v := Version{Major: int(n / 1_000_000), Minor: int(n / 1000 % 1000), Micro: int(n % 1000)} //nolint:gosec // a version number fits.
	if !v.AtLeast(oldest.Major, oldest.Minor) {
		return v, &problem.Problem{
			Kind: problem.Unsupported,
			What: fmt.Sprintf("The %s runs libvirt %s, which is too old.", h.name(), v),
			Why:  fmt.Sprintf("The oldest release that this provider supports is %s. Nothing was read or changed there.", oldest),
			Do:   "Update libvirt on the host, or leave the host's resources out of this configuration.",
		}
	}
	return v, nil
}

// identify reads the host's UUID and compares it with the pin.
func (h *Host) identify(ctx context.Context, c *connection) (string, error) {
	op := operation{doing: "read the capabilities"}
	text, err := await(ctx, c.client.ConnectGetCapabilities, nil)
	if err != nil {
		return "", h.fail(op, c.wire.explain(err))
	}
	var caps libvirtxml.Caps
	if err := unmarshalXML(text, &caps); err != nil {
		return "", h.fail(op, err)
	}
	found, _, ok := normalUUID(caps.Host.UUID)
	if !ok {
		return "", &problem.Problem{
			Kind: problem.Unsupported,
			What: fmt.Sprintf("The %s has no identity: its capabilities show no host UUID.", h.name()),
			Do:   "Give it one: host_uuid in its libvirtd.conf, then restart the daemon.",
		}
	}
	if h.pin != "" && found != h.pin {
		return "", &problem.Problem{
			Kind: problem.WrongIdentity,
			What: fmt.Sprintf("The %s is another host than the one that is configured.", h.name()),
			Why:  fmt.Sprintf("host_uuid is %s, the host that answers is %s.", h.pin, found),
			Do: "Correct the uri, or, if this host is the right one (reinstalled, or its mainboard was replaced), set host_uuid to the value" +
				" found. Nothing was read or changed there.",
		}
	}
	return found, nil
}

// errTimeLimit is the cause of a context that ended by one of this host's own limits.
type errTimeLimit time.Duration

func timeLimit(d time.Duration) error { return errTimeLimit(d) }

func (e errTimeLimit) Error() string { return fmt.Sprintf("no answer within %s", time.Duration(e)) }

// await runs f and returns its result, or the context's cause as soon as the context ends. go-libvirt knows no contexts, so
// the goroutine stays until f returns; late, where given, disposes of what f then brings.
func await[T any](ctx context.Context, f func() (T, error), late func(T)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var zero T
	if ctx.Err() != nil {
		return zero, context.Cause(ctx)
	}
	results := make(chan result, 1)
	go func() {
		value, err := f()
		results <- result{value, err}
	}()
	select {
	case r := <-results:
		return r.value, r.err
	case <-ctx.Done():
		if late != nil {
			go func() {
				if r := <-results; r.err == nil {
					late(r.value)
				}
			}()
		}
		return zero, context.Cause(ctx)
	}
}

// retryPause is the pause before a call is made again because another call holds the domain.
const retryPause = 500 * time.Millisecond

// change makes one call that changes something. It is made again only where the daemon has said that it did nothing.
func change[T any](ctx context.Context, h *Host, op operation, call calllog.Call, f func(*rpc.Libvirt) (T, error)) (T, error) {
	value, err := repeat(ctx, h, op, changing(call), f)
	if err != nil {
		return value, h.fail(op, err)
	}
	return value, nil
}

// read makes one call that changes nothing. It is made again where the connection was lost during the call, as when the daemon was
// restarted since the last one.
func read[T any](ctx context.Context, h *Host, op operation, call calllog.Call, f func(*rpc.Libvirt) (T, error)) (T, error) {
	value, err := repeat(ctx, h, op, call, f)
	if errors.Is(err, rpc.ErrInterrupted) {
		value, err = repeat(ctx, h, op, call, f)
	}
	if err != nil {
		return value, h.fail(op, err)
	}
	return value, nil
}

// repeat makes a call, and makes it again: while another call holds the domain, until the caller's deadline; and once where the connection
// was lost before anything was sent.
func repeat[T any](ctx context.Context, h *Host, op operation, call calllog.Call, f func(*rpc.Libvirt) (T, error)) (T, error) {
	limit := cmp.Or(op.limit, h.config.OperationTimeout)
	if _, ok := ctx.Deadline(); !ok {
		bounded, cancel := context.WithTimeoutCause(ctx, limit, timeLimit(limit))
		defer cancel()
		ctx = bounded
	}
	redialled := false
	var none T
	var held error
	for call.Attempt = 1; ; call.Attempt++ {
		if held != nil && ctx.Err() != nil {
			return none, held
		}
		value, err := once(ctx, h, limit, call, f)
		if held != nil && err != nil && ctx.Err() != nil && (!call.Change || notSent(err)) {
			// That the domain is held explains more than that the last attempt got no answer. A change that was sent may still be made.
			return value, held
		}
		if notSent(err) && !redialled {
			redialled = true
			continue
		}
		if code(err) != rpc.ErrOperationTimeout {
			return value, err
		}
		held = err
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
			return value, err
		}
	}
}

// once makes one call on the live connection.
func once[T any](ctx context.Context, h *Host, limit time.Duration, call calllog.Call,
	f func(*rpc.Libvirt) (T, error),
) (value T, err error) {
	session, err := h.breaker.Acquire(ctx)
	if err != nil {
		return value, err
	}
	defer session.Release(ctx)
	c := session.Conn
	calling, cancel := context.WithTimeoutCause(ctx, limit, timeLimit(limit))
	defer cancel()
	end := h.log.Start(calling, call)
	value, err = await(calling, func() (T, error) { return f(c.client) }, nil)
	late := err != nil && calling.Err() != nil
	if !late {
		err = c.wire.explain(err)
	}
	end(refusalOf(err))
	err = retireLost(session, err)
	if late {
		err = h.held(ctx, c, call, err)
		// Its answer may never come, and a daemon serves only a few calls per connection at a time.
		session.Retire()
	}
	return value, err
}

// lostBehind are the replies of a daemon that has lost the one to which it hands calls on, as virtproxyd does when virtqemud is restarted:
// its own socket stays open, and it never connects to the other again.
var lostBehind = []struct {
	words string // begin the reply
	meant error
}{
	{"internal error: client socket is closed", errNotSent},
	{"End of file while reading data", rpc.ErrInterrupted},
	{"Cannot write data: ", rpc.ErrInterrupted},
	{"Cannot recv data: ", rpc.ErrInterrupted},
	{"internal error: connection closed due to keepalive timeout", rpc.ErrInterrupted},
	{"internal error: received hangup event on socket", rpc.ErrInterrupted},
}

// retireLost makes the loss of a connection of a reply that tells of one behind the daemon, and lets later callers connect anew.
func retireLost(session *breaker.Session[*connection], err error) error {
	var refused rpc.Error
	if !errors.As(err, &refused) {
		return err
	}
	for _, lost := range lostBehind {
		if strings.HasPrefix(refused.Message, lost.words) {
			session.Retire()
			return fmt.Errorf("%w: %s", lost.meant, refused.Message)
		}
	}
	return err
}

// nothing turns a call without a result into one that read and change take.
func nothing(f func(*rpc.Libvirt) error) func(*rpc.Libvirt) (struct{}, error) {
	return func(l *rpc.Libvirt) (struct{}, error) { return struct{}{}, f(l) }
}
