//go:build cgo

package rados

import (
	"context"
	"time"

	"github.com/ceph/go-ceph/rados"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// conn is a connected handle: there is none before librados has connected. See lifetime for its end.
type conn struct {
	handle   *rados.Conn
	lifetime lifetime
	limit    time.Duration // of what the monitors are asked
}

func newConn(handle *rados.Conn, limit time.Duration) *conn {
	return &conn{handle: handle, lifetime: lifetime{free: handle.Shutdown}, limit: limit}
}

var _ ceph.Conn = (*conn)(nil)

// call runs f with the handle: see during.
func call[T any](ctx context.Context, c *conn, f func(*rados.Conn) (T, error)) (T, error) {
	return during(ctx, &c.lifetime, func() (T, error) {
		value, err := f(c.handle)
		return value, errno(err)
	})
}

// do is call for what has no result.
func do(ctx context.Context, c *conn, f func(*rados.Conn) error) error {
	_, err := call(ctx, c, func(h *rados.Conn) (struct{}, error) { return struct{}{}, f(h) })
	return err
}

// Close ends the connection once no call uses it any more.
func (c *conn) Close() { c.lifetime.close() }

func (c *conn) FSID(ctx context.Context) (string, error) {
	return call(ctx, c, (*rados.Conn).GetFSID)
}

func (c *conn) Addr(ctx context.Context) (string, error) {
	return call(ctx, c, func(h *rados.Conn) (string, error) {
		addrs, err := h.GetAddrs()
		return plainAddr(addrs), err
	})
}

// reply is what a command answers; the status is there also with an error.
type reply struct {
	out    []byte
	status string
	err    error
}

func command(ctx context.Context, c *conn, send func(*rados.Conn) ([]byte, string, error)) ([]byte, string, error) {
	r, err := call(ctx, c, func(h *rados.Conn) (reply, error) {
		out, status, err := send(h)
		return reply{out, status, errno(err)}, nil
	})
	if err != nil {
		return nil, "", err
	}
	return r.out, r.status, r.err
}

func (c *conn) MonCommand(ctx context.Context, cmd, input []byte) ([]byte, string, error) {
	return command(ctx, c, func(h *rados.Conn) ([]byte, string, error) { return h.MonCommandWithInputBuffer(cmd, input) })
}

func (c *conn) MonCommandTo(ctx context.Context, monitor string, cmd []byte) ([]byte, string, error) {
	return command(ctx, c, func(h *rados.Conn) ([]byte, string, error) { return h.MonCommandTarget(monitor, [][]byte{cmd}) })
}
