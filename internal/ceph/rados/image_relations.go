//go:build cgo

package rados

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

func (c *conn) ImageRelations(ctx context.Context, ref ceph.ImageRef) (ceph.ImageRelations, error) {
	return call(ctx, c, func(h *rados.Conn) (out ceph.ImageRelations, err error) {
		err = c.withPool(h, ref.Pool, ref.Namespace, func(ioctx *rados.IOContext) error {
			image, err := rbd.OpenImageReadOnly(ioctx, ref.Name, rbd.NoSnapshot)
			if err != nil {
				return err
			}
			out, err = relations(h, ioctx, image)
			return errors.Join(err, image.Close())
		})
		return out, err
	})
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
	if out.Snapshots, err = snapshots(h, image); err != nil {
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
	if out.NonPrimary, err = nonPrimary(image); err != nil {
		return out, err
	}
	out.Group, err = group(h, image)
	return out, err
}

// mirrorNamespace is librbd's number for snapshots of mirroring, which its Go binding does not name.
const mirrorNamespace = rbd.SnapNamespaceType(3)

func snapshots(h *rados.Conn, image *rbd.Image) ([]ceph.ImageSnapshot, error) {
	list, err := image.GetSnapshotNames()
	if err != nil {
		return nil, err
	}
	out := make([]ceph.ImageSnapshot, 0, len(list))
	for _, s := range list {
		snapshot := ceph.ImageSnapshot{ID: s.Id, Name: s.Name}
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
			snapshot.Group, err = groupSnapshot(h, image, s.Id)
		case mirrorNamespace:
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

func groupSnapshot(h *rados.Conn, image *rbd.Image, id uint64) (string, error) {
	of, err := image.GetSnapGroupNamespace(id)
	if err != nil {
		return "", err
	}
	pool, err := poolName(h, int64(of.Pool)) //nolint:gosec // the number of a pool
	return fmt.Sprintf("%s/%s@%s", pool, of.GroupName, of.GroupSnapName), err
}

func group(h *rados.Conn, image *rbd.Image) (string, error) {
	of, err := image.GetGroup()
	if err != nil || of.Name == "" {
		return "", err
	}
	pool, err := poolName(h, of.PoolID)
	return pool + "/" + of.Name, err
}

func nonPrimary(image *rbd.Image) (bool, error) {
	info, err := image.GetMirrorImageInfo()
	if errors.Is(err, rbd.ErrNotExist) {
		return false, nil
	}
	return err == nil && info.State != rbd.MirrorImageDisabled && !info.Primary, err
}

// The marks of the locks that librbd takes for itself.
const (
	ownLockTag    = "internal"
	ownLockCookie = "auto "
)

func locks(image *rbd.Image) ([]ceph.Lock, error) {
	tag, list, err := image.ListLockers()
	if err != nil {
		return nil, err
	}
	var out []ceph.Lock
	for _, l := range list {
		if strings.TrimRight(tag, "\x00") == ownLockTag && strings.HasPrefix(l.Cookie, ownLockCookie) {
			continue
		}
		out = append(out, ceph.Lock{Client: l.Client, Cookie: l.Cookie, Addr: plainAddr(l.Addr)})
	}
	return out, nil
}

// execute calls a method of the RBD class of the OSDs on an object. An object that isn't there, or a method that is newer than
// the OSDs, answers nil.
func execute(ioctx *rados.IOContext, object, method string, input []byte) ([]byte, error) {
	op := rados.CreateReadOp()
	defer op.Release()
	step := op.Exec("rbd", method, input)
	err := op.Operate(ioctx, object, rados.OperationNoFlag)
	if code := errno(err); errors.Is(code, ceph.ENOENT) || errors.Is(code, ceph.EOPNOTSUPP) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return step.Bytes()
}

// childrenKey is how the keys in an image's header begin under which it keeps the clones of each of its snapshots.
const childrenKey = "snap_children_"

// attachedClones are the clones of format 2, which attach themselves to their parent.
func attachedClones(ioctx *rados.IOContext, id string) ([]ceph.Clone, error) {
	values, err := ioctx.GetAllOmapValues("rbd_header."+id, "", childrenKey, 1024)
	if err != nil && !errors.Is(err, rados.ErrNotFound) {
		return nil, err
	}
	var clones []ceph.Clone
	for key, value := range values {
		var snapshot uint64
		if _, err := fmt.Sscanf(strings.TrimPrefix(key, childrenKey), "%x", &snapshot); err != nil {
			return nil, fmt.Errorf("the header of the image has a key %q that can't be understood: %w", key, err)
		}
		r := reader{rest: value}
		for range r.number(4) {
			child := r.versioned()
			clone := ceph.Clone{SnapshotID: snapshot, PoolID: int64(child.number(8)), ID: child.text()} //nolint:gosec // the number of a pool
			if child.version > 1 {
				clone.Namespace = child.text()
			}
			if r.failed || child.failed {
				return nil, fmt.Errorf("the clones under %q in the header of the image can't be understood", key)
			}
			clones = append(clones, clone)
		}
	}
	return clones, nil
}

func (c *conn) AttachedClones(ctx context.Context, pool, namespace string, ids []string) ([]ceph.Clone, error) {
	return call(ctx, c, func(h *rados.Conn) (clones []ceph.Clone, err error) {
		err = c.withPool(h, pool, namespace, func(ioctx *rados.IOContext) error {
			for _, id := range ids {
				if err := ctx.Err(); err != nil {
					return err // nobody waits for the rest any more
				}
				found, err := attachedClones(ioctx, id)
				if err != nil {
					return err
				}
				clones = append(clones, found...)
			}
			return nil
		})
		return clones, err
	})
}

func (c *conn) AllListedClones(ctx context.Context, pool, namespace string, parentPool int64) ([]ceph.Clone, error) {
	return call(ctx, c, func(h *rados.Conn) (clones []ceph.Clone, err error) {
		err = c.withPool(h, pool, namespace, func(ioctx *rados.IOContext) error {
			values, err := ioctx.GetAllOmapValues("rbd_children", "", "", 1024)
			if err != nil && !errors.Is(err, rados.ErrNotFound) {
				return err
			}
			for key, value := range values {
				parent, list := reader{rest: []byte(key)}, reader{rest: value}
				if int64(parent.number(8)) != parentPool { //nolint:gosec // the number of a pool
					continue
				}
				for range list.number(4) {
					clones = append(clones, ceph.Clone{
						ImageRef: ceph.ImageRef{Pool: pool, Namespace: namespace}, PoolID: ioctx.GetPoolID(), ID: list.text(),
					})
					if list.failed {
						return fmt.Errorf("the list of clones in pool %q can't be understood", pool)
					}
				}
			}
			return nil
		})
		return clones, err
	})
}

func (c *conn) ListedClones(
	ctx context.Context, pool, namespace string, parentPool int64, parent string, snapshot uint64,
) ([]string, error) {
	return call(ctx, c, func(h *rados.Conn) (ids []string, err error) {
		err = c.withPool(h, pool, namespace, func(ioctx *rados.IOContext) error {
			input := binary.LittleEndian.AppendUint64(nil, uint64(parentPool))   //nolint:gosec // the bits of a signed number
			input = binary.LittleEndian.AppendUint32(input, uint32(len(parent))) //nolint:gosec // an id has a few characters
			input = binary.LittleEndian.AppendUint64(append(input, parent...), snapshot)
			output, err := execute(ioctx, "rbd_children", "get_children", input)
			if err != nil || output == nil {
				return err
			}
			r := reader{rest: output}
			for range r.number(4) {
				ids = append(ids, r.text())
				if r.failed {
					return fmt.Errorf("the list of clones in pool %q can't be understood", pool)
				}
			}
			return nil
		})
		return ids, err
	})
}

func (c *conn) ImageMigration(ctx context.Context, pool, namespace, id string) (*ceph.Migration, error) {
	return call(ctx, c, func(h *rados.Conn) (found *ceph.Migration, err error) {
		err = c.withPool(h, pool, namespace, func(ioctx *rados.IOContext) error {
			found, err = migration(ioctx, id)
			return err
		})
		return found, err
	})
}

// migrationSource is the first field of the header's record in the image that the data comes from.
const migrationSource = 1

// migration reads the record of a migration, which both of its ends have in their headers. librbd's own function would open
// the image for writing.
func migration(ioctx *rados.IOContext, id string) (*ceph.Migration, error) {
	value, err := omapValue(ioctx, "rbd_header."+id, "migration")
	if err != nil || value == nil {
		return nil, err
	}
	outer := reader{rest: value}
	r := outer.versioned()
	found := &ceph.Migration{Source: r.number(1) == migrationSource, PoolID: int64(r.number(8))} //nolint:gosec // the number of a pool
	found.Other.Namespace, found.Other.Name, found.ID = r.text(), r.text(), r.text()
	if outer.failed || r.failed {
		return nil, fmt.Errorf("the record of the migration in the header of the image can't be understood")
	}
	return found, nil
}
