//go:build cgo

package rados

import (
	"context"
	"errors"
	"sort"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

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
	return call(ctx, c, func(h *rados.Conn) (entries []ceph.ImageEntry, err error) {
		err = c.withPool(h, pool, namespace, func(ioctx *rados.IOContext) error {
			list, err := rbd.GetTrashList(ioctx)
			for _, t := range list {
				entries = append(entries, ceph.ImageEntry{Name: t.Name, ID: t.Id})
			}
			// A pool that was never prepared for RBD has no trash at all.
			if errors.Is(err, rbd.ErrNotExist) {
				return nil
			}
			return err
		})
		return entries, err
	})
}

func (c *conn) Namespaces(ctx context.Context, pool string) ([]string, error) {
	return call(ctx, c, func(h *rados.Conn) (names []string, err error) {
		err = c.withPool(h, pool, "", func(ioctx *rados.IOContext) error {
			names, err = rbd.NamespaceList(ioctx)
			return err
		})
		sort.Strings(names)
		return names, err
	})
}

func (c *conn) CreateNamespace(ctx context.Context, pool, namespace string) error {
	return do(ctx, c, func(h *rados.Conn) error {
		return c.withPool(h, pool, "", func(ioctx *rados.IOContext) error { return rbd.NamespaceCreate(ioctx, namespace) })
	})
}

func (c *conn) RemoveNamespace(ctx context.Context, pool, namespace string) error {
	return do(ctx, c, func(h *rados.Conn) error {
		return c.withPool(h, pool, "", func(ioctx *rados.IOContext) error { return rbd.NamespaceRemove(ioctx, namespace) })
	})
}

func (c *conn) InitPool(ctx context.Context, pool string) error {
	return do(ctx, c, func(h *rados.Conn) error {
		return c.withPool(h, pool, "", func(ioctx *rados.IOContext) error { return rbd.PoolInit(ioctx, true) })
	})
}

// reading opens an image read-only, which neither leaves a watcher nor disturbs the image's owner.
func reading[T any](ctx context.Context, c *conn, ref ceph.ImageRef, f func(*rados.Conn, *rbd.Image) (T, error)) (T, error) {
	return call(ctx, c, func(h *rados.Conn) (value T, err error) {
		err = c.withPool(h, ref.Pool, ref.Namespace, func(ioctx *rados.IOContext) error {
			image, err := rbd.OpenImageReadOnly(ioctx, ref.Name, rbd.NoSnapshot)
			if err != nil {
				return err
			}
			value, err = f(h, image)
			return errors.Join(err, image.Close())
		})
		return value, err
	})
}

// changing opens an image for writing.
func changing(ctx context.Context, c *conn, ref ceph.ImageRef, f func(*rbd.Image) error) error {
	return do(ctx, c, func(h *rados.Conn) error {
		return c.withPool(h, ref.Pool, ref.Namespace, func(ioctx *rados.IOContext) error { return opened(ioctx, ref, f) })
	})
}

func opened(ioctx *rados.IOContext, ref ceph.ImageRef, f func(*rbd.Image) error) error {
	image, err := rbd.OpenImage(ioctx, ref.Name, rbd.NoSnapshot)
	if err != nil {
		return err
	}
	return errors.Join(f(image), image.Close())
}

func (c *conn) Image(ctx context.Context, ref ceph.ImageRef) (ceph.Image, error) {
	return reading(ctx, c, ref, func(h *rados.Conn, image *rbd.Image) (ceph.Image, error) {
		out, err := describe(h, image)
		if err != nil {
			return out, err
		}
		out.PoolID, err = h.GetPoolByName(ref.Pool)
		return out, err
	})
}

func describe(h *rados.Conn, image *rbd.Image) (ceph.Image, error) {
	var out ceph.Image
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

// featureNames sorts librbd's names; its binding calls striping by another name than the rbd command.
func featureNames(names []string) []string {
	for i, name := range names {
		if name == rbd.FeatureNameStripingV2 {
			names[i] = "striping"
		}
	}
	sort.Strings(names)
	return names
}

func featureBits(names []string) uint64 {
	own := make([]string, len(names))
	for i, name := range names {
		own[i] = name
		if name == "striping" {
			own[i] = rbd.FeatureNameStripingV2
		}
	}
	return uint64(rbd.FeatureSetFromNames(own))
}

func parentOf(image *rbd.Image) (*ceph.SnapshotRef, error) {
	parent, err := image.GetParent()
	if errors.Is(err, rbd.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &ceph.SnapshotRef{
		ImageRef: ceph.ImageRef{Pool: parent.Image.PoolName, Namespace: parent.Image.PoolNamespace, Name: parent.Image.ImageName},
		Snapshot: parent.Snap.SnapName,
		ImageID:  parent.Image.ImageID,
		Trash:    parent.Image.Trash,
	}, nil
}

func (c *conn) Watchers(ctx context.Context, ref ceph.ImageRef) ([]ceph.Watcher, error) {
	return reading(ctx, c, ref, func(_ *rados.Conn, image *rbd.Image) ([]ceph.Watcher, error) { return watchers(image) })
}

func watchers(image *rbd.Image) ([]ceph.Watcher, error) {
	list, err := image.ListWatchers()
	if err != nil {
		return nil, err
	}
	out := make([]ceph.Watcher, 0, len(list))
	for _, w := range list {
		out = append(out, ceph.Watcher{Addr: plainAddr(w.Addr), ID: w.Id, Cookie: w.Cookie})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Addr < out[j].Addr })
	return out, nil
}

func (c *conn) ReadImage(ctx context.Context, ref ceph.ImageRef) error {
	_, err := reading(ctx, c, ref, func(_ *rados.Conn, image *rbd.Image) (struct{}, error) {
		stat, err := image.Stat()
		if err != nil || stat.Size == 0 {
			return struct{}{}, err
		}
		_, err = image.ReadAt(make([]byte, 1), 0)
		return struct{}{}, err
	})
	return err
}

func (c *conn) ImageAllocated(ctx context.Context, ref ceph.ImageRef) (bool, error) {
	return reading(ctx, c, ref, func(_ *rados.Conn, image *rbd.Image) (bool, error) { return allocated(ctx, image) })
}

// enough ends the search for extents; librbd passes it on as the result of the search.
const enough = -int(ceph.EDOM)

// allocated looks for the first extent that exists in the image itself.
func allocated(ctx context.Context, image *rbd.Image) (bool, error) {
	size, err := image.GetSize()
	if err != nil || size == 0 {
		return false, err
	}
	found := false
	err = image.DiffIterate(rbd.DiffIterateConfig{
		Length:        size,
		IncludeParent: rbd.ExcludeParent,
		WholeObject:   rbd.EnableWholeObject,
		Callback: func(_, _ uint64, exists int, _ any) int {
			if exists != 0 {
				found = true
				return enough
			}
			if ctx.Err() != nil {
				return enough
			}
			return 0
		},
	})
	if found {
		return true, nil
	}
	return false, err
}

func (c *conn) ResizeImage(ctx context.Context, ref ceph.ImageRef, bytes uint64, allowShrink bool) error {
	return changing(ctx, c, ref, func(image *rbd.Image) error {
		return image.Resize2(bytes, allowShrink, func(uint64, uint64, any) int { return 0 }, nil)
	})
}

func (c *conn) RenameImage(ctx context.Context, ref ceph.ImageRef, name string) error {
	return do(ctx, c, func(h *rados.Conn) error {
		return c.withPool(h, ref.Pool, ref.Namespace, func(ioctx *rados.IOContext) error {
			return rbd.GetImage(ioctx, ref.Name).Rename(name)
		})
	})
}

func (c *conn) SetImageFeatures(ctx context.Context, ref ceph.ImageRef, features []string, enabled bool) error {
	return changing(ctx, c, ref, func(image *rbd.Image) error {
		return image.UpdateFeatures(featureBits(features), enabled)
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

func (c *conn) ProtectSnapshot(ctx context.Context, ref ceph.ImageRef, name string, protected bool) error {
	return freeing(ctx, c, ref, func(ioctx *rados.IOContext) error {
		return opened(ioctx, ref, func(image *rbd.Image) error {
			if protected {
				return image.GetSnapshot(name).Protect()
			}
			return image.GetSnapshot(name).Unprotect()
		})
	})
}

func (c *conn) RemoveSnapshot(ctx context.Context, ref ceph.ImageRef, name string) error {
	return freeing(ctx, c, ref, func(ioctx *rados.IOContext) error {
		return opened(ioctx, ref, func(image *rbd.Image) error { return image.GetSnapshot(name).Remove() })
	})
}

func (c *conn) RemoveImage(ctx context.Context, ref ceph.ImageRef) error {
	return freeing(ctx, c, ref, func(ioctx *rados.IOContext) error { return rbd.RemoveImage(ioctx, ref.Name) })
}

// freeing runs what ends in more space, which a full pool still takes: without that mark it would wait for space.
func freeing(ctx context.Context, c *conn, ref ceph.ImageRef, f func(*rados.IOContext) error) error {
	return do(ctx, c, func(h *rados.Conn) error {
		return c.withPool(h, ref.Pool, ref.Namespace, func(ioctx *rados.IOContext) error {
			if err := ioctx.SetPoolFullTry(); err != nil {
				return err
			}
			return f(ioctx)
		})
	})
}

func (c *conn) CreateImage(ctx context.Context, spec ceph.ImageSpec) error {
	return do(ctx, c, func(h *rados.Conn) error {
		return c.withPool(h, spec.Pool, spec.Namespace, func(ioctx *rados.IOContext) error {
			options := rbd.NewRbdImageOptions()
			defer options.Destroy()
			if err := fillOptions(options, spec); err != nil {
				return err
			}
			return rbd.CreateImage(ioctx, spec.Name, spec.SizeBytes, options)
		})
	})
}
