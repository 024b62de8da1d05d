//go:build cgo

package rados

import (
	"context"
	"slices"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"
)

func (c *conn) Namespaces(ctx context.Context, pool string) ([]string, error) {
	return inPool(ctx, c, pool, "", func(ioctx *rados.IOContext) ([]string, error) {
		names, err := rbd.NamespaceList(ioctx)
		slices.Sort(names)
		return names, err
	})
}

func (c *conn) CreateNamespace(ctx context.Context, pool, namespace string) error {
	return doInPool(ctx, c, pool, "", func(ioctx *rados.IOContext) error { return rbd.NamespaceCreate(ioctx, namespace) })
}

func (c *conn) RemoveNamespace(ctx context.Context, pool, namespace string) error {
	return doInPool(ctx, c, pool, "", func(ioctx *rados.IOContext) error { return rbd.NamespaceRemove(ioctx, namespace) })
}
