//go:build cgo

package rados

import (
	"context"
	"time"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

func (c *conn) RemoveImage(ctx context.Context, ref ceph.ImageRef) error {
	return freeing(ctx, c, ref, func(ioctx *rados.IOContext) error { return rbd.RemoveImage(ioctx, ref.Name) })
}

func (c *conn) TrashImage(ctx context.Context, ref ceph.ImageRef, delay time.Duration) error {
	return freeing(ctx, c, ref, func(ioctx *rados.IOContext) error { return rbd.GetImage(ioctx, ref.Name).Trash(delay) })
}

// freeing runs a call that frees space, with the flag by which a full pool takes it: without the flag it would wait for space.
func freeing(ctx context.Context, c *conn, ref ceph.ImageRef, f func(*rados.IOContext) error) error {
	return doInPool(ctx, c, ref.Pool, ref.Namespace, func(ioctx *rados.IOContext) error {
		if err := ioctx.SetPoolFullTry(); err != nil {
			return err
		}
		return f(ioctx)
	})
}
