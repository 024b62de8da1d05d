//go:build cgo

package rados

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

func (c *conn) RemoveImage(ctx context.Context, ref ceph.ImageRef) error {
	return freeing(ctx, c, ref, func(ioctx *rados.IOContext) error {
		// librbd waits without end for a lock that somebody has put on the image by hand.
		if locked, err := lockedByHand(ioctx, ref.Name); err != nil || locked {
			return cmp.Or(err, error(ceph.EBUSY))
		}
		return rbd.RemoveImage(ioctx, ref.Name)
	})
}

// lockedByHand asks the header itself: not every image that can be removed can be opened.
func lockedByHand(ioctx *rados.IOContext, name string) (bool, error) {
	id, err := idOf(ioctx, name)
	if errors.Is(err, rados.ErrNotFound) || err == nil && id == "" {
		return false, nil // librbd has the better error
	}
	if err != nil {
		return false, err
	}
	list, err := ioctx.ListLockers("rbd_header."+id, "rbd_lock")
	switch code := errno(err); {
	case errors.Is(code, ceph.ENOENT):
		return false, nil
	case errors.Is(code, ceph.ERANGE):
		return true, nil // more holders than go-ceph has space for: librbd's own lock has one
	case err != nil:
		return false, err
	}
	return slices.ContainsFunc(list.Cookies, func(cookie string) bool { return !ownLock(list.Tag, cookie) }), nil
}

// removingSource is librbd's mark of an image that it has moved to the trash in order to remove it.
const removingSource = 3

// RemovalOf reads the record in the trash: librbd's listing leaves those images out.
func (c *conn) RemovalOf(ctx context.Context, pool, namespace, id string) (string, error) {
	return inPool(ctx, c, pool, namespace, func(ioctx *rados.IOContext) (string, error) {
		value, err := omapValue(ioctx, "rbd_trash", "id_"+id)
		if err != nil || value == nil {
			return "", err
		}
		source, name, ok := decodeTrashed(value)
		if !ok {
			return "", fmt.Errorf("the record of the image with id %s in the trash can't be understood", id)
		}
		if source != removingSource {
			return "", nil
		}
		return name, nil
	})
}

func (c *conn) EndRemoval(ctx context.Context, pool, namespace, id string) error {
	return freeing(ctx, c, ceph.ImageRef{Pool: pool, Namespace: namespace}, func(ioctx *rados.IOContext) error {
		return rbd.TrashRemove(ioctx, id, true) // by its id: another image may have the name now
	})
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
