//go:build cgo

package rados

import (
	"context"
	"errors"
	"fmt"
	"sort"
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

// withPool runs f with an IOContext. The newest OSD map is waited for first: by an older one a name may still lead to
// another pool.
func (c *conn) withPool(h *rados.Conn, pool, namespace string, f func(*rados.IOContext) error) error {
	if err := c.awaitLatestMap(); err != nil {
		return err
	}
	ioctx, err := h.OpenIOContext(pool)
	if err != nil {
		return err
	}
	defer ioctx.Destroy()
	ioctx.SetNamespace(namespace)
	return f(ioctx)
}

// awaitLatestMap waits for the newest OSD map. librados knows no limit for this, and a user whose caps don't let it read the map is
// never answered.
func (c *conn) awaitLatestMap() error {
	ctx, cancel := context.WithTimeout(context.Background(), c.limit)
	defer cancel()
	err := do(ctx, c, (*rados.Conn).WaitForLatestOSDMap)
	if ctx.Err() != nil {
		return ceph.ETIMEDOUT
	}
	return err
}

func (c *conn) VisitObjects(ctx context.Context, pool string, visit func(namespace, object string) bool) error {
	type object struct{ namespace, name string }
	found := make(chan object, 64)
	// The visitor runs on the caller's side, so that an abandoned listing never touches what the caller owns.
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	// found is never closed: an abandoned listing may still be about to send.
	ended := make(chan error, 1)
	go func() {
		ended <- do(stop, c, func(h *rados.Conn) error {
			return c.withPool(h, pool, rados.AllNamespaces, func(ioctx *rados.IOContext) error {
				iter, err := ioctx.Iter()
				if err != nil {
					return err
				}
				defer iter.Close()
				for iter.Next() {
					select {
					case found <- object{iter.Namespace(), iter.Value()}:
					case <-stop.Done():
						return nil
					}
				}
				return iter.Err()
			})
		})
	}()
	for {
		select {
		case o := <-found:
			if !visit(o.namespace, o.name) {
				return nil
			}
		case err := <-ended:
			if err != nil {
				return err
			}
			for len(found) > 0 {
				if o := <-found; !visit(o.namespace, o.name) {
					return nil
				}
			}
			return nil
		}
	}
}

func (c *conn) RemoveObject(ctx context.Context, pool, namespace, object string) error {
	return do(ctx, c, func(h *rados.Conn) error {
		return c.withPool(h, pool, namespace, func(ioctx *rados.IOContext) error { return ioctx.Delete(object) })
	})
}

// dataPoolKey is where an image's header keeps the number of its separate data pool.
const dataPoolKey = "data_pool_id"

func (c *conn) ImageDataPools(ctx context.Context, pool, namespace string, ids []string) (map[string]int64, error) {
	return call(ctx, c, func(h *rados.Conn) (map[string]int64, error) {
		pools := map[string]int64{}
		err := c.withPool(h, pool, namespace, func(ioctx *rados.IOContext) error {
			for _, id := range ids {
				// Nobody waits for the rest any more once the context has ended.
				if err := ctx.Err(); err != nil {
					return err
				}
				value, err := omapValue(ioctx, "rbd_header."+id, dataPoolKey)
				if err != nil {
					return err
				}
				if number, ok := decodeInt64(value); ok {
					pools[id] = number
				}
			}
			return nil
		})
		return pools, err
	})
}

func (c *conn) ImageName(ctx context.Context, pool, namespace, id string) (string, error) {
	return call(ctx, c, func(h *rados.Conn) (name string, err error) {
		err = c.withPool(h, pool, namespace, func(ioctx *rados.IOContext) error {
			value, err := omapValue(ioctx, "rbd_directory", "id_"+id)
			name = decodeString(value)
			return err
		})
		return name, err
	})
}

// omapValue reads one key of an object, nil if the object or the key isn't there.
func omapValue(ioctx *rados.IOContext, object, key string) ([]byte, error) {
	values, err := ioctx.GetOmapValues(object, "", key, 1)
	if errors.Is(err, rados.ErrNotFound) {
		return nil, nil
	}
	return values[key], err
}

func (c *conn) Images(ctx context.Context, pool, namespace string) ([]ceph.ImageEntry, error) {
	return call(ctx, c, func(h *rados.Conn) (entries []ceph.ImageEntry, err error) {
		err = c.withPool(h, pool, namespace, func(ioctx *rados.IOContext) error {
			entries, err = listImages(ioctx)
			return err
		})
		sort.Slice(entries, func(i, j int) bool { return entries[i].Name < entries[j].Name })
		return entries, err
	})
}

func poolName(h *rados.Conn, id int64) (string, error) {
	name, err := h.GetPoolByID(id)
	if err != nil {
		return "", fmt.Errorf("name of the data pool with id %d: %w", id, err)
	}
	return name, nil
}
