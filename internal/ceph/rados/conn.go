//go:build cgo

package rados

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/ceph/go-ceph/rados"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// conn is a connected handle. Calls hold mu for reading while they are in C, Close takes it for writing: librados crashes
// the process when a handle is used after its end.
type conn struct {
	mu     sync.RWMutex
	handle *rados.Conn   // nil once closed
	limit  time.Duration // of what the monitors are asked
}

var _ ceph.Conn = (*conn)(nil)

// call runs f, which calls into C and can't be interrupted, and returns when f does or when ctx ends. An abandoned f goes
// on until librados gives up by its own timeouts, and its result is dropped.
func call[T any](ctx context.Context, c *conn, f func(*rados.Conn) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	done := make(chan result, 1)
	go func() {
		c.mu.RLock()
		defer c.mu.RUnlock()
		if c.handle == nil {
			done <- result{err: ceph.ENOTCONN}
			return
		}
		value, err := f(c.handle)
		done <- result{value, errno(err)}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// do is call for what has no result.
func do(ctx context.Context, c *conn, f func(*rados.Conn) error) error {
	_, err := call(ctx, c, func(h *rados.Conn) (struct{}, error) { return struct{}{}, f(h) })
	return err
}

// Close ends the connection once no call uses it any more.
func (c *conn) Close() {
	go func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.handle != nil {
			c.handle.Shutdown()
			c.handle = nil
		}
	}()
}

func (c *conn) FSID(ctx context.Context) (string, error) {
	return call(ctx, c, (*rados.Conn).GetFSID)
}

func (c *conn) Addr(ctx context.Context) (string, error) {
	return call(ctx, c, func(h *rados.Conn) (string, error) {
		addrs, err := h.GetAddrs()
		return plainAddr(addrs), err
	})
}

// plainAddr reduces librados' "[v2:192.0.2.7:0/12,v1:...]" to what sessions and watchers show.
func plainAddr(addrs string) string {
	first, _, _ := strings.Cut(strings.Trim(addrs, "[]"), ",")
	for _, prefix := range []string{"v1:", "v2:", "any:"} {
		first = strings.TrimPrefix(first, prefix)
	}
	return first
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

func (c *conn) MgrCommand(ctx context.Context, cmd, input []byte) ([]byte, string, error) {
	return command(ctx, c, func(h *rados.Conn) ([]byte, string, error) {
		return h.MgrCommandWithInputBuffer([][]byte{cmd}, input)
	})
}
