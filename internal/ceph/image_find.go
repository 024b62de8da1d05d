package ceph

import (
	"context"
	"fmt"
	"slices"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// KnownImage is what was recorded of an image. Its pool is known by id, so the name of that may be an old one.
type KnownImage struct {
	ImageRef

	PoolID    int64
	ID        string
	SizeBytes uint64
	Metadata  map[string]string
}

// FindImage finds a recorded image again, by its id as [Cluster.ImageByID] does. A migration gives an image another id: while it runs,
// the image is found at its other end. After its end nothing records it, so an image of the same name counts as the recorded one if
// its size and the recorded metadata are the same and the former id isn't in the trash. The caller sees by the id whether it is another.
// One whose removal has begun and not ended is problem.Removing, with the name that it had.
//
// Similar to: rbd info --image-id; rbd status; rbd trash ls --all
func (c *Cluster) FindImage(ctx context.Context, known KnownImage) (ImageRef, Image, error) {
	ref, image, missing := c.ImageByID(ctx, known.PoolID, known.Namespace, known.ID)
	if !problem.Is(missing, problem.NotFound) {
		return ref, image, missing
	}
	ctx = readcache.Afresh(ctx)
	pool, err := c.poolName(ctx, known.PoolID)
	if err != nil {
		return ImageRef{}, Image{}, err
	}
	const what = "Unable to find out whether the image was migrated."
	var migration *Migration
	var trash []ImageEntry
	var removing string
	_, err = c.read(ctx, what, func(ctx context.Context, conn Conn) (err error) {
		if removing, err = conn.RemovalOf(ctx, pool, known.Namespace, known.ID); err != nil || removing != "" {
			return err
		}
		if migration, err = conn.ImageMigration(ctx, pool, known.Namespace, known.ID); err != nil {
			return err
		}
		trash, err = conn.Trash(ctx, pool, known.Namespace)
		return err
	})
	if err != nil {
		return ImageRef{}, Image{}, err
	}
	if removing != "" {
		ref = ImageRef{Pool: pool, Namespace: known.Namespace, Name: removing}
		return ref, Image{}, c.halfRemoved(ref, known.ID)
	}
	if migration != nil && migration.Source {
		return c.ImageByID(ctx, migration.PoolID, migration.Other.Namespace, migration.ID)
	}
	if slices.ContainsFunc(trash, func(entry ImageEntry) bool { return entry.ID == known.ID }) {
		return ImageRef{}, Image{}, missing
	}
	ref = ImageRef{Pool: pool, Namespace: known.Namespace, Name: known.Name}
	image, err = c.Image(ctx, ref)
	if err != nil {
		return ImageRef{}, Image{}, err
	}
	if image.SizeBytes != known.SizeBytes || !contains(image.Metadata, known.Metadata) {
		return ImageRef{}, Image{}, missing
	}
	return ref, image, nil
}

func contains(all, some map[string]string) bool {
	for key, value := range some {
		if found, there := all[key]; !there || found != value {
			return false
		}
	}
	return true
}

// ImageByID finds an image by the ids of its pool and of itself, which a rename doesn't change. The trash doesn't count.
//
// Similar to: rbd info --image-id
func (c *Cluster) ImageByID(ctx context.Context, poolID int64, namespace, id string) (ImageRef, Image, error) {
	ref, image, found, err := c.sharedImage(ctx, poolID, namespace, id)
	if found || err != nil {
		return ref, image, err
	}
	ctx = OneMap(readcache.Afresh(ctx))
	pool, err := c.poolName(ctx, poolID)
	if err != nil {
		return ImageRef{}, Image{}, err
	}
	what := fmt.Sprintf("Unable to find the image with id %s in pool %q of cluster %q.", id, pool, c.cfg.Label)
	name, _, err := read(ctx, c, what, func(ctx context.Context, conn Conn) (string, error) {
		return conn.ImageName(ctx, pool, namespace, id)
	})
	if err != nil {
		return ImageRef{}, Image{}, err
	}
	if name == "" {
		return ImageRef{}, Image{}, &problem.Problem{
			Kind: problem.NotFound,
			What: fmt.Sprintf("Pool %q of cluster %q has no image with id %s.", pool, c.cfg.Label, id),
			Why:  "It was removed, or moved to the trash.",
			Do:   "If that was a mistake, look for it with: rbd trash ls.",
		}
	}
	ref = ImageRef{Pool: pool, Namespace: namespace, Name: name}
	image, err = c.Image(ctx, ref)
	return ref, image, err
}

// ImageIdentity returns the ids of the pool and of the image that is meant by a name and a remembered identity: the remembered one as long
// as it exists under any name, otherwise the one that has the name now.
//
// Similar to: rbd info
func (c *Cluster) ImageIdentity(ctx context.Context, ref ImageRef, poolID int64, id string) (int64, string, error) {
	if same, err := c.hasSharedName(ctx, ref, poolID, id); same || err != nil {
		return poolID, id, err
	}
	named, err := c.Image(ctx, ref)
	if err != nil && !problem.Is(err, problem.NotFound) || err == nil && named.PoolID == poolID && named.ID == id || id == "" || poolID == 0 {
		return named.PoolID, named.ID, err
	}
	_, _, byID := c.ImageByID(readcache.Afresh(ctx), poolID, ref.Namespace, id)
	if problem.Is(byID, problem.NotFound) {
		return named.PoolID, named.ID, err
	}
	return poolID, id, byID
}

// hasSharedName tells whether shared listings have the remembered image under this name.
func (c *Cluster) hasSharedName(ctx context.Context, ref ImageRef, poolID int64, id string) (bool, error) {
	if !readcache.Shared(ctx) || id == "" {
		return false, nil
	}
	pool, err := c.Pool(ctx, ref.Pool)
	if problem.Is(err, problem.NotFound) || err == nil && pool.ID != poolID {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	name, err := c.sharedName(ctx, pool, ref.Namespace, id)
	return name == ref.Name, err
}
