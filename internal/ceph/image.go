package ceph

import (
	"context"
	"errors"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// ImageRef names an image. Namespace is empty for the pool's default namespace.
type ImageRef struct {
	Pool      string
	Namespace string
	Name      string
}

// String returns POOL/IMAGE or POOL/NAMESPACE/IMAGE, as rbd does.
func (r ImageRef) String() string {
	if r.Namespace == "" {
		return fmt.Sprintf("%s/%s", r.Pool, r.Name)
	}
	return fmt.Sprintf("%s/%s/%s", r.Pool, r.Namespace, r.Name)
}

// Image is what a cluster tells about an image. Sizes are bytes.
type Image struct {
	ID          string
	PoolID      int64
	SizeBytes   uint64
	Features    []string // sorted, by librbd's names, with those that librbd sets itself (data-pool, striping, operations)
	ObjectSize  uint64
	StripeUnit  uint64
	StripeCount uint64
	DataPool    string            // name; empty when the data is in the image's own pool
	Metadata    map[string]string // without the settings
	Config      map[string]string // settings by their bare name, such as rbd_qos_iops_limit
	Parent      *SnapshotID       // what a clone reads its data from where it has none of its own; nil for an image that is no clone
}

// Image describes an image. It answers problem.NotFound only when a listing of the pools, or of the pool's images,
// doesn't have it.
//
// Similar to: rbd info; rbd image-meta list; rbd config image list
func (c *Cluster) Image(ctx context.Context, ref ImageRef) (Image, error) {
	what := fmt.Sprintf("Unable to read image %s of cluster %q.", ref, c.cfg.Label)
	image, err := readImage(ctx, c, what, ref, func(ctx context.Context, conn Conn) (Image, error) {
		return conn.Image(ctx, ref)
	})
	if err != nil {
		return Image{}, err
	}
	splitConfig(&image)
	return image, nil
}

// readImage runs a read of an existing image and finds out what an ENOENT means.
func readImage[T any](
	ctx context.Context, c *Cluster, what string, ref ImageRef, call func(context.Context, Conn) (T, error),
) (T, error) {
	value, errno, err := read(ctx, c, what, call)
	if errno == ENOENT {
		return value, c.imageMissing(ctx, ref, err)
	}
	return value, err
}

// imageMissing answers NotFound if the listings don't have the pool, the namespace or the image, and err if they do; of an image of format
// 1, which has no id, problem.Unsupported, and of one whose parent's pool is gone problem.Orphaned.
func (c *Cluster) imageMissing(ctx context.Context, ref ImageRef, err error) error {
	entries, listErr := c.Images(ctx, ref.Pool, ref.Namespace)
	if listErr != nil && !problem.Is(listErr, problem.NotFound) {
		return listErr
	}
	for _, entry := range entries {
		if entry.Name != ref.Name {
			continue
		}
		if entry.ID != "" {
			return c.explainOrphan(ctx, ref, entry.ID, err)
		}
		return &problem.Problem{
			Kind: problem.Unsupported,
			What: fmt.Sprintf("Image %s of cluster %q can't be managed.", ref, c.cfg.Label),
			Why:  "It has format 1, which Ceph has given up.",
			Do: fmt.Sprintf("Give it format 2, while nobody uses it: rbd migration prepare %[1]s %[1]s; rbd migration execute %[1]s;"+
				" rbd migration commit %[1]s.", problem.Word(ref.String())),
		}
	}
	p := &problem.Problem{
		Kind: problem.NotFound,
		What: fmt.Sprintf("Cluster %q has no image %s.", c.cfg.Label, ref),
		Do:   "Create the image, or correct its name, its pool or the cluster.",
	}
	var missingPool *problem.Problem
	if errors.As(listErr, &missingPool) {
		p.Why = missingPool.What
	}
	return p
}
