//go:build cgo

package rados

import (
	"context"
	"fmt"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// withPool runs f with an IOContext. The newest OSD map is waited for first: by an older one a name may still lead to
// another pool.
func (c *conn) withPool(ctx context.Context, h *rados.Conn, pool, namespace string, f func(*rados.IOContext) error) error {
	if err := ceph.AwaitMap(ctx, c.awaitLatestMap); err != nil {
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

// inPool runs f with an IOContext of a pool: see call and withPool.
func inPool[T any](ctx context.Context, c *conn, pool, namespace string, f func(*rados.IOContext) (T, error)) (T, error) {
	return call(ctx, c, func(h *rados.Conn) (value T, err error) {
		err = c.withPool(ctx, h, pool, namespace, func(ioctx *rados.IOContext) (err error) {
			value, err = f(ioctx)
			return err
		})
		return value, err
	})
}

// doInPool is inPool for what has no result.
func doInPool(ctx context.Context, c *conn, pool, namespace string, f func(*rados.IOContext) error) error {
	return do(ctx, c, func(h *rados.Conn) error { return c.withPool(ctx, h, pool, namespace, f) })
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

func (c *conn) PoolName(ctx context.Context, id int64) (string, error) {
	return call(ctx, c, func(h *rados.Conn) (string, error) {
		if err := ceph.AwaitMap(ctx, c.awaitLatestMap); err != nil {
			return "", err
		}
		return h.GetPoolByID(id)
	})
}

func (c *conn) InitPool(ctx context.Context, pool string) error {
	return doInPool(ctx, c, pool, "", func(ioctx *rados.IOContext) error { return rbd.PoolInit(ioctx, true) })
}

func poolName(h *rados.Conn, id int64) (string, error) {
	name, err := h.GetPoolByID(id)
	if err != nil {
		return "", fmt.Errorf("name of the data pool with id %d: %w", id, err)
	}
	return name, nil
}
