//go:build cgo

package rados

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

func (c *conn) Images(ctx context.Context, pool, namespace string) ([]ceph.ImageEntry, error) {
	return inPool(ctx, c, pool, namespace, func(ioctx *rados.IOContext) ([]ceph.ImageEntry, error) {
		entries, err := listImages(ioctx)
		slices.SortFunc(entries, func(a, b ceph.ImageEntry) int { return cmp.Compare(a.Name, b.Name) })
		return entries, err
	})
}

// listImages joins librbd's listing with the ids in the pool's directory object, which librbd's Go binding leaves out.
func listImages(ioctx *rados.IOContext) ([]ceph.ImageEntry, error) {
	names, err := rbd.GetImageNames(ioctx)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	ids, err := ioctx.GetAllOmapValues("rbd_directory", "", "name_", 1024)
	if err != nil && !errors.Is(err, rados.ErrNotFound) {
		return nil, err
	}
	entries := make([]ceph.ImageEntry, 0, len(names))
	for _, name := range names {
		entries = append(entries, ceph.ImageEntry{Name: name, ID: decodeString(ids["name_"+name])})
	}
	return entries, nil
}

func (c *conn) Trash(ctx context.Context, pool, namespace string) ([]ceph.ImageEntry, error) {
	return inPool(ctx, c, pool, namespace, func(ioctx *rados.IOContext) (entries []ceph.ImageEntry, err error) {
		list, err := rbd.GetTrashList(ioctx)
		for _, t := range list {
			entries = append(entries, ceph.ImageEntry{Name: t.Name, ID: t.Id})
		}
		// A pool that was never prepared for RBD has no trash at all.
		if errors.Is(err, rbd.ErrNotExist) {
			return entries, nil
		}
		return entries, err
	})
}

func (c *conn) Groups(ctx context.Context, pool, namespace string) ([]string, error) {
	return inPool(ctx, c, pool, namespace, rbd.GroupList)
}

func (c *conn) ImageName(ctx context.Context, pool, namespace, id string) (string, error) {
	return inPool(ctx, c, pool, namespace, func(ioctx *rados.IOContext) (string, error) {
		value, err := omapValue(ioctx, "rbd_directory", "id_"+id)
		return decodeString(value), err
	})
}

// dataPoolKey is where an image's header keeps the number of its separate data pool.
const dataPoolKey = "data_pool_id"

func (c *conn) ImageDataPools(ctx context.Context, pool, namespace string, ids []string) (map[string]int64, error) {
	return inPool(ctx, c, pool, namespace, func(ioctx *rados.IOContext) (map[string]int64, error) {
		pools := map[string]int64{}
		for _, id := range ids {
			// Nobody waits for the rest any more once the context has ended.
			if err := ctx.Err(); err != nil {
				return pools, err
			}
			value, err := omapValue(ioctx, "rbd_header."+id, dataPoolKey)
			if err != nil {
				return pools, err
			}
			if number, ok := decodeInt64(value); ok {
				pools[id] = number
			}
		}
		return pools, nil
	})
}
