//go:build cgo

package rados

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"sync"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"
	"golang.org/x/sync/errgroup"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

const (
	// headerKeys is how many keys of a header are read. An image with more, as with very many snapshots, is left out.
	headerKeys = 1000
	// headersAtATime is how many headers are read at the same time.
	headersAtATime = 16
	// maxImageID is more than librbd's limit of an id, with its length before it, in bytes.
	maxImageID = 128
	// metadataKey begins the keys of a header that are the image's metadata.
	metadataKey = "metadata_"
)

func (c *conn) ImageHeaders(ctx context.Context, pool, namespace string, ids []string) (map[string]ceph.Image, error) {
	return call(ctx, c, func(h *rados.Conn) (map[string]ceph.Image, error) {
		images := map[string]ceph.Image{}
		err := c.withPool(ctx, h, pool, namespace, func(ioctx *rados.IOContext) error {
			var mu sync.Mutex
			var group errgroup.Group
			group.SetLimit(headersAtATime)
			for _, id := range ids {
				group.Go(func() error {
					// Nobody waits for the rest any more once the context has ended.
					if err := ctx.Err(); err != nil {
						return err
					}
					image, ok, err := headerOf(h, ioctx, id)
					if err != nil || !ok {
						return err
					}
					mu.Lock()
					defer mu.Unlock()
					images[id] = image
					return nil
				})
			}
			return group.Wait()
		})
		return images, err
	})
}

// headerOf returns the image that a header describes; ok is false if there is more to it, or no header.
func headerOf(h *rados.Conn, ioctx *rados.IOContext, id string) (image ceph.Image, ok bool, err error) {
	keys, err := ioctx.GetOmapValues("rbd_header."+id, "", "", headerKeys)
	if errors.Is(err, rados.ErrNotFound) || len(keys) >= headerKeys {
		return image, false, nil
	}
	if err != nil {
		return image, false, err
	}
	image, ok, err = imageOf(h, keys)
	image.ID, image.PoolID = id, ioctx.GetPoolID()
	return image, ok, err
}

// unopened describes an image without opening it, which takes an image of librbd's and a dozen questions. told is false where only an open
// image tells all, or has the better error. A name that no image of format 2 has is ceph.ENOENT.
func (c *conn) unopened(ctx context.Context, ref ceph.ImageRef) (image ceph.Image, told bool, err error) {
	found, err := call(ctx, c, func(h *rados.Conn) (found *ceph.Image, err error) {
		err = c.withPool(ctx, h, ref.Pool, ref.Namespace, func(ioctx *rados.IOContext) error {
			id, err := idOf(ioctx, ref.Name)
			if errors.Is(err, rados.ErrNotFound) {
				return err
			}
			if err == nil && id != "" {
				if image, ok, err := headerOf(h, ioctx, id); err == nil && ok {
					found = &image
				}
			}
			return nil
		})
		return found, err
	})
	if found == nil {
		return image, false, err
	}
	return *found, true, nil
}

// idOf returns the id of the image with this name; empty where that can't be understood.
func idOf(ioctx *rados.IOContext, name string) (string, error) {
	content := make([]byte, maxImageID)
	n, err := ioctx.Read("rbd_id."+name, content, 0)
	return decodeString(content[:max(n, 0)]), err
}

// migrating is the feature of an image whose header is not the whole of it.
const migrating = uint64(1) << 9

// imageOf returns the image that the keys of its header describe; ok is false if there is more to it.
func imageOf(h *rados.Conn, keys map[string][]byte) (image ceph.Image, ok bool, err error) {
	number := func(key string) uint64 {
		if raw := keys[key]; len(raw) == 8 {
			return binary.LittleEndian.Uint64(raw)
		}
		return 0
	}
	order, bits := keys["order"], number("features")
	if len(order) != 1 || order[0] > 63 || len(keys["size"]) != 8 || bits&migrating != 0 {
		return image, false, nil
	}
	if image.Parent, ok = decodeParent(keys["parent"]); !ok {
		return image, false, nil
	}
	image.SizeBytes, image.ObjectSize = number("size"), 1<<order[0]
	image.StripeUnit, image.StripeCount = number("stripe_unit"), number("stripe_count")
	if image.StripeUnit == 0 || image.StripeCount == 0 {
		image.StripeUnit, image.StripeCount = image.ObjectSize, 1
	}
	features := rbd.FeatureSet(bits)
	image.Features = featureNames(features.Names())
	image.Metadata = map[string]string{}
	for key, value := range keys {
		if name, is := strings.CutPrefix(key, metadataKey); is {
			image.Metadata[name] = string(value)
		}
	}
	if bits&rbd.FeatureDataPool != 0 {
		id, known := decodeInt64(keys[dataPoolKey])
		if !known {
			return image, false, nil
		}
		image.DataPool, err = poolName(h, id)
	}
	return image, err == nil, err
}

// decodeParent reads what the header of a clone keeps of its parent; nil where there is none, also where only snapshots of the image still
// have it. ok is false where that can't be told from the header.
func decodeParent(raw []byte) (parent *ceph.SnapshotID, ok bool) {
	if raw == nil {
		return nil, true
	}
	outer := reader{rest: raw}
	r := outer.versioned()
	id := ceph.SnapshotID{PoolID: int64(r.number(8))} //nolint:gosec // the number of a pool
	withOverlap := uint64(1)
	if r.version > 1 {
		id.Namespace = r.text()
	}
	id.ImageID, id.SnapshotID = r.text(), r.number(8)
	if r.version > 1 {
		withOverlap = r.number(1)
	}
	if withOverlap == 0 {
		return nil, !r.failed
	}
	overlap := r.number(8)
	// Of an image that was once cut to nothing librbd decides.
	return &id, !r.failed && !outer.failed && id.PoolID >= 0 && id.ImageID != "" && overlap > 0
}
