//go:build cgo

package rados

import (
	"context"
	"errors"
	"strings"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

func (c *conn) ImageRelations(ctx context.Context, ref ceph.ImageRef) (ceph.ImageRelations, error) {
	return reading(ctx, c, ref, relations)
}

// fewObjects is how many objects of an image are looked for without a question of their own, which has more time: without an object map
// each is asked for.
const fewObjects = 4096

func (c *conn) ImageContents(
	ctx context.Context, ref ceph.ImageRef, format string,
) (contents ceph.ImageContents, looked bool, err error) {
	type answer struct {
		ceph.ImageContents
		looked bool
	}
	a, err := reading(ctx, c, ref, func(h *rados.Conn, ioctx *rados.IOContext, image *rbd.Image) (a answer, err error) {
		if a.ImageRelations, err = relations(h, ioctx, image); err != nil {
			return a, err
		}
		stat, err := image.Stat()
		if err != nil || stat.Num_objs > fewObjects {
			return a, err
		}
		a.looked = true
		a.Allocated, err = allocated(ctx, image, format)
		return a, err
	})
	return a.ImageContents, a.looked, err
}

func relations(h *rados.Conn, ioctx *rados.IOContext, image *rbd.Image) (out ceph.ImageRelations, err error) {
	out.PoolID = ioctx.GetPoolID()
	if out.ID, err = image.GetId(); err != nil {
		return out, err
	}
	features, err := image.GetFeatures()
	if err != nil {
		return out, err
	}
	out.Exclusive = features&rbd.FeatureExclusiveLock != 0
	if out.Snapshots, err = snapshots(h, ioctx, image); err != nil {
		return out, err
	}
	if out.Watchers, err = watchers(image); err != nil {
		return out, err
	}
	if out.Locks, err = locks(image); err != nil {
		return out, err
	}
	if out.ID == "" {
		return out, nil // of format 1, which knows nothing of the rest
	}
	if out.Clones, err = attachedClones(ioctx, out.ID); err != nil {
		return out, err
	}
	if out.Migration, err = migration(ioctx, out.ID); err != nil {
		return out, err
	}
	if err = mirroring(image, &out); err != nil {
		return out, err
	}
	out.Group, err = group(h, ioctx, image)
	return out, err
}

func group(h *rados.Conn, ioctx *rados.IOContext, image *rbd.Image) (string, error) {
	of, err := image.GetGroup()
	if err != nil || of.Name == "" {
		return "", err
	}
	return groupName(h, ioctx, of.PoolID, of.Name)
}

// groupName names a group of an image that is in this context. librbd does not tell its namespace: a group takes only images of its own.
func groupName(h *rados.Conn, ioctx *rados.IOContext, poolID int64, name string) (string, error) {
	pool, err := poolName(h, poolID)
	if err != nil {
		return "", err
	}
	namespace, err := ioctx.GetNamespace()
	return ceph.ImageRef{Pool: pool, Namespace: namespace, Name: name}.String(), err
}

// mirroring tells whether the image is mirrored, whether it is a copy, and whether its journal is what mirroring reads.
func mirroring(image *rbd.Image, out *ceph.ImageRelations) error {
	info, err := image.GetMirrorImageInfo()
	if errors.Is(err, rbd.ErrNotExist) {
		return nil
	}
	if err != nil || info.State == rbd.MirrorImageDisabled {
		return err
	}
	out.Mirrored, out.NonPrimary = true, !info.Primary
	mode, err := image.GetImageMirrorMode()
	out.Journaled = mode == rbd.ImageMirrorModeJournal
	return err
}

// The marks of the locks that librbd takes for itself.
const (
	librbdLockTag    = "internal"
	librbdLockCookie = "auto "
)

func ownLock(tag, cookie string) bool {
	return strings.TrimRight(tag, "\x00") == librbdLockTag && strings.HasPrefix(cookie, librbdLockCookie)
}

func locks(image *rbd.Image) ([]ceph.Lock, error) {
	tag, list, err := image.ListLockers()
	if err != nil {
		return nil, err
	}
	var out []ceph.Lock
	for _, l := range list {
		if ownLock(tag, l.Cookie) {
			continue
		}
		out = append(out, ceph.Lock{Client: l.Client, Cookie: l.Cookie, Addr: plainAddr(l.Addr)})
	}
	return out, nil
}
