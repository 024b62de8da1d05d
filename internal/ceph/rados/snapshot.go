//go:build cgo

package rados

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// snapNamespaceMirror is librbd's number for snapshots of mirroring, which its Go binding does not name.
const snapNamespaceMirror = rbd.SnapNamespaceType(3)

func snapshots(h *rados.Conn, ioctx *rados.IOContext, image *rbd.Image) ([]ceph.ImageSnapshot, error) {
	list, err := image.GetSnapshotNames()
	if err != nil {
		return nil, err
	}
	out := make([]ceph.ImageSnapshot, 0, len(list))
	for _, s := range list {
		at, err := image.GetSnapTimestamp(s.Id)
		if err != nil {
			return nil, err
		}
		snapshot := ceph.ImageSnapshot{ID: s.Id, SizeBytes: s.Size, CreatedAt: time.Unix(at.Sec, at.Nsec), Name: s.Name}
		kind, err := image.GetSnapNamespaceType(s.Id)
		if err != nil {
			return nil, err
		}
		switch kind {
		case rbd.SnapNamespaceTypeUser:
			snapshot.Protected, err = image.GetSnapshot(s.Name).IsProtected()
		case rbd.SnapNamespaceTypeTrash:
			snapshot.Kind = ceph.TrashSnapshot
			snapshot.Name, err = image.GetSnapTrashNamespace(s.Id)
		case rbd.SnapNamespaceTypeGroup:
			snapshot.Kind = ceph.GroupSnapshot
			snapshot.Group, err = groupSnapshot(h, ioctx, image, s.Id)
		case snapNamespaceMirror:
			snapshot.Kind = ceph.MirrorSnapshot
		default:
			err = fmt.Errorf("snapshot %q is of a kind (%d) that this provider does not know: %w", s.Name, kind, ceph.EOPNOTSUPP)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, snapshot)
	}
	return out, nil
}

func groupSnapshot(h *rados.Conn, ioctx *rados.IOContext, image *rbd.Image, id uint64) (string, error) {
	of, err := image.GetSnapGroupNamespace(id)
	if err != nil {
		return "", err
	}
	group, err := groupName(h, ioctx, int64(of.Pool), of.GroupName) //nolint:gosec // the number of a pool
	return group + "@" + of.GroupSnapName, err
}

func (c *conn) Snapshots(ctx context.Context, ref ceph.ImageRef) (ceph.ImageSnapshots, error) {
	return reading(ctx, c, ref, func(h *rados.Conn, ioctx *rados.IOContext, image *rbd.Image) (out ceph.ImageSnapshots, err error) {
		out.ImageRef, out.PoolID = ref, ioctx.GetPoolID()
		if out.ID, err = image.GetId(); err == nil {
			out.List, err = snapshots(h, ioctx, image)
		}
		return out, err
	})
}

func (c *conn) SnapshotsByID(ctx context.Context, pool, namespace, id string) (ceph.ImageSnapshots, error) {
	return call(ctx, c, func(h *rados.Conn) (out ceph.ImageSnapshots, err error) {
		err = c.withPool(ctx, h, pool, namespace, func(ioctx *rados.IOContext) error {
			image, err := rbd.OpenImageByIdReadOnly(ioctx, id, rbd.NoSnapshot)
			if err != nil {
				return err
			}
			out.Pool, out.Namespace, out.PoolID, out.ID = pool, namespace, ioctx.GetPoolID(), id
			out.List, err = snapshots(h, ioctx, image)
			return errors.Join(err, image.Close())
		})
		return out, err
	})
}

func (c *conn) CreateSnapshot(ctx context.Context, ref ceph.ImageRef, name string) error {
	return changing(ctx, c, ref, func(image *rbd.Image) error {
		_, err := image.CreateSnapshot(name)
		return err
	})
}

func (c *conn) RenameSnapshot(ctx context.Context, ref ceph.ImageRef, from, to string) error {
	return changing(ctx, c, ref, func(image *rbd.Image) error { return image.GetSnapshot(from).Rename(to) })
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
