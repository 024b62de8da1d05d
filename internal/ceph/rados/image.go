//go:build cgo

package rados

import (
	"context"
	"errors"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// reading opens an image read-only, which leaves no watcher and doesn't ask the owner for the lock.
func reading[T any](
	ctx context.Context, c *conn, ref ceph.ImageRef, f func(*rados.Conn, *rados.IOContext, *rbd.Image) (T, error),
) (T, error) {
	return call(ctx, c, func(h *rados.Conn) (value T, err error) {
		err = c.withPool(ctx, h, ref.Pool, ref.Namespace, func(ioctx *rados.IOContext) error {
			image, err := rbd.OpenImageReadOnly(ioctx, ref.Name, rbd.NoSnapshot)
			if err != nil {
				return err
			}
			value, err = f(h, ioctx, image)
			return errors.Join(err, image.Close())
		})
		return value, err
	})
}

// changing opens an image for writing.
func changing(ctx context.Context, c *conn, ref ceph.ImageRef, f func(*rbd.Image) error) error {
	return doInPool(ctx, c, ref.Pool, ref.Namespace, func(ioctx *rados.IOContext) error { return opened(ioctx, ref, f) })
}

func opened(ioctx *rados.IOContext, ref ceph.ImageRef, f func(*rbd.Image) error) error {
	image, err := rbd.OpenImage(ioctx, ref.Name, rbd.NoSnapshot)
	if err != nil {
		return err
	}
	return errors.Join(f(image), image.Close())
}

func (c *conn) Image(ctx context.Context, ref ceph.ImageRef) (ceph.Image, error) {
	image, told, err := c.unopened(ctx, ref)
	if told || err != nil {
		return image, err
	}
	return reading(ctx, c, ref, describe)
}

func describe(h *rados.Conn, ioctx *rados.IOContext, image *rbd.Image) (ceph.Image, error) {
	out := ceph.Image{PoolID: ioctx.GetPoolID()}
	stat, err := image.Stat()
	if err != nil {
		return out, err
	}
	out.SizeBytes, out.ObjectSize = stat.Size, stat.Obj_size
	if out.ID, err = image.GetId(); err != nil {
		return out, err
	}
	bits, err := image.GetFeatures()
	if err != nil {
		return out, err
	}
	set := rbd.FeatureSet(bits)
	out.Features = featureNames(set.Names())
	if out.StripeUnit, err = image.GetStripeUnit(); err != nil {
		return out, err
	}
	if out.StripeCount, err = image.GetStripeCount(); err != nil {
		return out, err
	}
	if out.Metadata, err = image.ListMetadata(); err != nil {
		return out, err
	}
	if bits&rbd.FeatureDataPool != 0 {
		number, err := image.GetDataPoolID()
		if err != nil {
			return out, err
		}
		if out.DataPool, err = poolName(h, number); err != nil {
			return out, err
		}
	}
	if out.Parent, err = parentOf(image); err != nil {
		return out, err
	}
	return out, nil
}

func parentOf(image *rbd.Image) (*ceph.SnapshotID, error) {
	parent, err := image.GetParent()
	if errors.Is(err, rbd.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &ceph.SnapshotID{
		PoolID: int64(parent.Image.PoolID), Namespace: parent.Image.PoolNamespace, //nolint:gosec // the number of a pool
		ImageID: parent.Image.ImageID, SnapshotID: parent.Snap.ID,
	}, nil
}

func (c *conn) ReadImage(ctx context.Context, ref ceph.ImageRef) error {
	_, err := reading(ctx, c, ref, func(_ *rados.Conn, _ *rados.IOContext, image *rbd.Image) (struct{}, error) {
		stat, err := image.Stat()
		if err != nil || stat.Size == 0 {
			return struct{}{}, err
		}
		_, err = image.ReadAt(make([]byte, 1), 0)
		return struct{}{}, err
	})
	return err
}

func (c *conn) ImageAllocated(ctx context.Context, ref ceph.ImageRef, format string) (bool, error) {
	return reading(ctx, c, ref, func(_ *rados.Conn, _ *rados.IOContext, image *rbd.Image) (bool, error) {
		return allocated(ctx, image, format)
	})
}

// stopSearch ends the search for extents; librbd passes it on as the result of the search.
const stopSearch = -int(ceph.EDOM)

// allocated looks for the first extent that exists in the image itself: of one that is encrypted in this format behind the header.
func allocated(ctx context.Context, image *rbd.Image, format string) (bool, error) {
	stat, err := image.Stat()
	if err != nil || stat.Size == 0 {
		return false, err
	}
	from, err := contentFrom(image, format)
	if err != nil {
		return false, err
	}
	if from > stat.Size {
		from = 0 // what doesn't fit the image hides nothing in it
	}
	stripes, err := image.GetStripeCount()
	if err != nil {
		return false, err
	}
	// Objects that hold an end of the header besides are looked into; all others are only looked for, which an object map answers.
	span := stat.Obj_size * stripes
	whole := min((from+span-1)/span*span, stat.Size)
	found, err := extentIn(ctx, image, from, whole, rbd.DisableWholeObject)
	if found || err != nil {
		return found, err
	}
	return extentIn(ctx, image, whole, stat.Size, rbd.EnableWholeObject)
}

// extentIn looks for the first extent that exists in the image itself between two offsets.
func extentIn(ctx context.Context, image *rbd.Image, from, to uint64, whole rbd.DiffWholeObject) (bool, error) {
	if from >= to {
		return false, nil
	}
	found := false
	err := image.DiffIterate(rbd.DiffIterateConfig{
		Offset:        from,
		Length:        to - from,
		IncludeParent: rbd.ExcludeParent,
		WholeObject:   whole,
		Callback: func(_, _ uint64, exists int, _ any) int {
			if exists != 0 {
				found = true
				return stopSearch
			}
			if ctx.Err() != nil {
				return stopSearch
			}
			return 0
		},
	})
	if found {
		return true, nil
	}
	return false, err
}
