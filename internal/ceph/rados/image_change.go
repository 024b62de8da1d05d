//go:build cgo

package rados

import (
	"context"
	"errors"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

func (c *conn) ResizeImage(ctx context.Context, ref ceph.ImageRef, bytes uint64, allowShrink bool) error {
	return changing(ctx, c, ref, func(image *rbd.Image) error {
		return image.Resize2(bytes, allowShrink, func(uint64, uint64, any) int { return 0 }, nil)
	})
}

func (c *conn) FlattenImage(ctx context.Context, ref ceph.ImageRef) error {
	return changing(ctx, c, ref, func(image *rbd.Image) error { return image.Flatten() })
}

func (c *conn) RenameImage(ctx context.Context, ref ceph.ImageRef, name string) error {
	return doInPool(ctx, c, ref.Pool, ref.Namespace, func(ioctx *rados.IOContext) error {
		return rbd.GetImage(ioctx, ref.Name).Rename(name)
	})
}

func (c *conn) SetImageMetadata(ctx context.Context, ref ceph.ImageRef, set map[string]string, remove []string) error {
	return changing(ctx, c, ref, func(image *rbd.Image) error {
		for key, value := range set {
			if err := image.SetMetadata(key, value); err != nil {
				return err
			}
		}
		for _, key := range remove {
			if err := image.RemoveMetadata(key); err != nil && !errors.Is(err, rbd.ErrNotExist) {
				return err
			}
		}
		return nil
	})
}
