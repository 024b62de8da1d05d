//go:build cgo

package rados

import (
	"context"
	"sort"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"
)

func (c *conn) Namespaces(ctx context.Context, pool string) ([]string, error) {
	return call(ctx, c, func(h *rados.Conn) (names []string, err error) {
		err = c.withPool(ctx, h, pool, "", func(ioctx *rados.IOContext) error {
			names, err = rbd.NamespaceList(ioctx)
			return err
		})
		sort.Strings(names)
		return names, err
	})
}

func (c *conn) CreateNamespace(ctx context.Context, pool, namespace string) error {
	return do(ctx, c, func(h *rados.Conn) error {
		return c.withPool(ctx, h, pool, "", func(ioctx *rados.IOContext) error { return rbd.NamespaceCreate(ioctx, namespace) })
	})
}

func (c *conn) RemoveNamespace(ctx context.Context, pool, namespace string) error {
	return do(ctx, c, func(h *rados.Conn) error {
		return c.withPool(ctx, h, pool, "", func(ioctx *rados.IOContext) error { return rbd.NamespaceRemove(ioctx, namespace) })
	})
}
