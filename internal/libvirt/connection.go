package libvirt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	rpc "github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/calllog"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// connection is one session with a daemon. Its counters belong to Host.mu.
type connection struct {
	client   *rpc.Libvirt
	wire     *wire
	hostUUID string
	removals deviceRemovals

	users   int
	retired bool
}

// dialing is one attempt to connect, shared by everybody who waits for it.
type dialing struct {
	done    chan struct{}
	cancel  context.CancelFunc
	err     error
	waiters int // belongs to Host.mu
}

// acquire returns the live connection, making one where there is none. Each acquire needs a release.
func (h *Host) acquire(ctx context.Context) (*connection, error) {
	// A daemon that drops each connection just after it was made must not keep a caller here.
	for range 3 {
		c, attempt, err := h.take(ctx)
		if c != nil || err != nil {
			return c, err
		}
		select {
		case <-attempt.done:
			if attempt.err != nil {
				return nil, problem.Copy(attempt.err)
			}
		case <-ctx.Done():
			h.leave(attempt)
			return nil, h.fail(errand{doing: "connect"}, context.Cause(ctx))
		}
	}
	return nil, h.fail(errand{doing: "connect"}, rpc.ErrInterrupted)
}

// leave ends an attempt that nobody waits for any more: an ssh that still dials would outlive the provider.
func (h *Host) leave(attempt *dialing) {
	h.mu.Lock()
	defer h.mu.Unlock()
	attempt.waiters--
	if attempt.waiters == 0 && h.pending == attempt {
		h.pending = nil
		attempt.cancel()
	}
}

// take returns the current connection, or the attempt to wait for.
func (h *Host) take(ctx context.Context) (*connection, *dialing, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, nil, h.fail(errand{doing: "connect"}, net.ErrClosed)
	}
	if c := h.current; c != nil {
		if !c.wire.lost() {
			c.users++
			return c, nil, nil
		}
		h.current = nil
	}
	if h.pending == nil {
		// The attempt belongs to all who wait for it, so none of their contexts may end it.
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		h.pending = &dialing{done: make(chan struct{}), cancel: cancel}
		go h.dial(ctx, h.pending)
	}
	h.pending.waiters++
	return nil, h.pending, nil
}

func (h *Host) dial(ctx context.Context, attempt *dialing) {
	defer attempt.cancel()
	c, err := h.connect(ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	// An attempt that was left at the last moment may have a successor.
	if err == nil && (h.closed || h.pending != attempt) {
		c.wire.cut()
		err = h.fail(errand{doing: "connect"}, net.ErrClosed)
	}
	if err == nil {
		h.current = c
	}
	attempt.err = err
	if h.pending == attempt {
		h.pending = nil
	}
	close(attempt.done)
}

// release gives the connection back. The last one to leave a retired connection cuts it.
func (h *Host) release(c *connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.users--
	if c.retired && c.users == 0 {
		c.wire.cut()
	}
}

// retire lets later calls use a new connection: on this one a call was given up whose answer may never come, and a daemon
// serves only a few calls per connection at a time. Calls that are under way on it end normally.
func (h *Host) retire(c *connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.retired = true
	if h.current == c {
		h.current = nil
	}
}

// connect dials, opens the driver and checks the host's identity.
func (h *Host) connect(parent context.Context) (c *connection, err error) {
	end := h.log.Start(parent, changing(onHost("connect")))
	defer func() { end(refusalOf(err)) }()
	ctx, cancel := context.WithTimeoutCause(parent, h.config.ConnectTimeout, timeLimit(h.config.ConnectTimeout))
	defer cancel()
	opening := errand{doing: "connect", connecting: true}

	stream, err := h.endpoint.Dial(ctx)
	if ctx.Err() != nil && err != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, h.fail(opening, err)
	}
	w := newWire(stream)
	c = &connection{client: rpc.NewWithDialer(w), wire: w}
	if _, err = await(ctx, func() (struct{}, error) {
		return struct{}{}, c.client.ConnectToURI(rpc.ConnectURI(h.endpoint.Driver))
	}, nil); err != nil {
		if ctx.Err() == nil {
			err = w.explain(err)
		}
		w.cut()
		return nil, h.fail(opening, err)
	}

	// The first question after a daemon's start makes it look at every emulator, which takes longer than connecting.
	ctx, cancel = context.WithTimeoutCause(parent, h.config.OperationTimeout, timeLimit(h.config.OperationTimeout))
	defer cancel()
	if c.hostUUID, err = h.identify(ctx, c.client); err != nil {
		w.cut()
		return nil, err
	}
	return c, nil
}

// identify reads the host's UUID and compares it with the pin.
func (h *Host) identify(ctx context.Context, client *rpc.Libvirt) (string, error) {
	reading := errand{doing: "read the capabilities"}
	text, err := await(ctx, client.ConnectGetCapabilities, nil)
	if err != nil {
		return "", h.fail(reading, err)
	}
	var caps libvirtxml.Caps
	if err := caps.Unmarshal(text); err != nil {
		return "", h.fail(reading, err)
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

// retryPause is the pause before a call that met a domain held by another call is made again.
const retryPause = 500 * time.Millisecond

// change makes one call that changes something. It is made again only where the daemon has said that it did nothing.
func change[T any](ctx context.Context, h *Host, e errand, call calllog.Call, f func(*rpc.Libvirt) (T, error)) (T, error) {
	value, err := repeat(ctx, h, e, changing(call), f)
	if err != nil {
		return value, h.fail(e, err)
	}
	return value, nil
}

// read makes one call that changes nothing, so a connection that was lost under it is no reason to give up: a daemon that
// was restarted since the last call is noticed here first.
func read[T any](ctx context.Context, h *Host, e errand, call calllog.Call, f func(*rpc.Libvirt) (T, error)) (T, error) {
	value, err := repeat(ctx, h, e, call, f)
	if errors.Is(err, rpc.ErrInterrupted) {
		value, err = repeat(ctx, h, e, call, f)
	}
	if err != nil {
		return value, h.fail(e, err)
	}
	return value, nil
}

// repeat makes a call again while another call holds the domain, until the caller's deadline, and once where a dead
// connection took nothing.
func repeat[T any](ctx context.Context, h *Host, e errand, call calllog.Call, f func(*rpc.Libvirt) (T, error)) (T, error) {
	limit := cmp.Or(e.limit, h.config.OperationTimeout)
	if _, ok := ctx.Deadline(); !ok {
		bounded, cancel := context.WithTimeoutCause(ctx, limit, timeLimit(limit))
		defer cancel()
		ctx = bounded
	}
	redialled := false
	var held error
	for call.Attempt = 1; ; call.Attempt++ {
		value, err := once(ctx, h, limit, call, f)
		if held != nil && ctx.Err() != nil {
			// That the domain is held says more than that the last try got no answer.
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
	c, err := h.acquire(ctx)
	if err != nil {
		return value, err
	}
	defer h.release(c)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, timeLimit(limit))
	defer cancel()
	end := h.log.Start(ctx, call)
	defer func() { end(refusalOf(err)) }()
	value, err = await(ctx, func() (T, error) { return f(c.client) }, nil)
	if err != nil && ctx.Err() != nil {
		h.retire(c)
		return value, err
	}
	return value, c.wire.explain(err)
}

// nothing turns a call without a result into one that read and change take.
func nothing(f func(*rpc.Libvirt) error) func(*rpc.Libvirt) (struct{}, error) {
	return func(l *rpc.Libvirt) (struct{}, error) { return struct{}{}, f(l) }
}
