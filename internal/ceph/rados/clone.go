//go:build cgo

package rados

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/ceph/go-ceph/rados"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

func (c *conn) AttachedClones(ctx context.Context, pool, namespace string, ids []string) ([]ceph.Clone, error) {
	return inPool(ctx, c, pool, namespace, func(ioctx *rados.IOContext) (clones []ceph.Clone, err error) {
		for _, id := range ids {
			if err := ctx.Err(); err != nil {
				return clones, err // nobody waits for the rest any more
			}
			found, err := attachedClones(ioctx, id)
			if err != nil {
				return clones, err
			}
			clones = append(clones, found...)
		}
		return clones, nil
	})
}

func (c *conn) AllListedClones(ctx context.Context, pool, namespace string, parentPool int64) ([]ceph.Clone, error) {
	return inPool(ctx, c, pool, namespace, func(ioctx *rados.IOContext) (clones []ceph.Clone, err error) {
		values, err := ioctx.GetAllOmapValues("rbd_children", "", "", 1024)
		if err != nil && !errors.Is(err, rados.ErrNotFound) {
			return nil, err
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
					return clones, fmt.Errorf("the list of clones in pool %q can't be understood", pool)
				}
			}
		}
		return clones, nil
	})
}

func (c *conn) ListedClones(
	ctx context.Context, pool, namespace string, parentPool int64, parent string, snapshot uint64,
) ([]string, error) {
	return inPool(ctx, c, pool, namespace, func(ioctx *rados.IOContext) (ids []string, err error) {
		input := binary.LittleEndian.AppendUint64(nil, uint64(parentPool))   //nolint:gosec // the bits of a signed number
		input = binary.LittleEndian.AppendUint32(input, uint32(len(parent))) //nolint:gosec // an id has a few characters
		input = binary.LittleEndian.AppendUint64(append(input, parent...), snapshot)
		output, err := execute(ioctx, "rbd_children", "get_children", input)
		if err != nil || output == nil {
			return nil, err
		}
		r := reader{rest: output}
		for range r.number(4) {
			ids = append(ids, r.text())
			if r.failed {
				return ids, fmt.Errorf("the list of clones in pool %q can't be understood", pool)
			}
		}
		return ids, nil
	})
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
