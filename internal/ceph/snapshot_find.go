package ceph

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// imageKey is an image by the ids that a rename doesn't change.
type imageKey struct {
	poolID        int64
	namespace, id string
}

// Snapshot reads a snapshot by its name. Where it or its image is missing that is problem.NotFound.
//
// Similar to: rbd snap ls
func (c *Cluster) Snapshot(ctx context.Context, ref ImageRef, name string) (Snapshot, error) {
	snapshots, err := c.listSnapshots(ctx, ref)
	if err != nil {
		return Snapshot{}, err
	}
	found, ok := snapshots.user(func(s Snapshot) bool { return s.Name == name })
	if !ok {
		return Snapshot{}, c.noSnapshot(fmt.Sprintf("Image %s of cluster %q has no snapshot %q.", ref, c.cfg.Label, name), snapshots)
	}
	return found, nil
}

// SnapshotByID reads a snapshot by its id and those of its image and its pool, whatever their names are now. Where one of them is missing
// that is problem.NotFound. A refresh opens an image once for all its snapshots.
//
// Similar to: rbd snap ls
func (c *Cluster) SnapshotByID(ctx context.Context, poolID int64, namespace, imageID string, id uint64) (Snapshot, error) {
	image := imageKey{poolID, namespace, imageID}
	snapshots, err := c.snapshots.Get(ctx, image, func(ctx context.Context) (ImageSnapshots, error) { return c.snapshotsByID(ctx, image) })
	if err == nil {
		if found, ok := snapshots.user(func(s Snapshot) bool { return s.ID == id }); ok {
			return found, nil
		}
	}
	switch {
	case readcache.Shared(ctx) && !problem.NoAnswer(err):
		return c.SnapshotByID(readcache.Afresh(ctx), poolID, namespace, imageID, id) // a shared reading proves nothing
	case err != nil:
		return Snapshot{}, err
	}
	what := fmt.Sprintf("Image %s of cluster %q has no snapshot with id %d.", snapshots.ImageRef, c.cfg.Label, id)
	return Snapshot{}, c.noSnapshot(what, snapshots)
}

// snapshotsByID lists the snapshots of an image that is known by its id. That it isn't there under the name that it had a moment ago is no
// proof that it is missing.
func (c *Cluster) snapshotsByID(ctx context.Context, image imageKey) (ImageSnapshots, error) {
	ref, _, err := c.ImageByID(ctx, image.poolID, image.namespace, image.id)
	if problem.Is(err, problem.NotFound) {
		err = c.unlessMigrating(ctx, image, err)
	}
	if err != nil {
		return ImageSnapshots{}, err
	}
	snapshots, err := c.listSnapshots(ctx, ref)
	if problem.Is(err, problem.NotFound) || err == nil && (snapshots.PoolID != image.poolID || snapshots.ID != image.id) {
		err = &problem.Problem{
			Kind: problem.Other,
			What: fmt.Sprintf("Unable to list the snapshots of image %s of cluster %q.", ref, c.cfg.Label),
			Why:  "The image was renamed or removed while it was read.",
			Do:   "Apply again.",
		}
	}
	return snapshots, err
}

// unlessMigrating returns the error that an image is missing, unless it is on its way to another place, from where it may come back.
func (c *Cluster) unlessMigrating(ctx context.Context, image imageKey, missing error) error {
	pool, err := c.poolName(ctx, image.poolID)
	if err != nil {
		return err // perhaps that the pool is missing too
	}
	what := fmt.Sprintf("Unable to find out whether the image with id %s in pool %q of cluster %q is being migrated.", image.id, pool,
		c.cfg.Label)
	migration, _, err := read(ctx, c, what, func(ctx context.Context, conn Conn) (*Migration, error) {
		return conn.ImageMigration(ctx, pool, image.namespace, image.id)
	})
	if err != nil || migration == nil {
		return cmp.Or(err, missing)
	}
	return &problem.Problem{
		Kind: problem.Busy,
		What: fmt.Sprintf("The image with id %s in pool %q of cluster %q is being migrated.", image.id, pool, c.cfg.Label),
		Why:  "Its snapshots go with it, and get other ids at the other end.",
		Do: "End the migration with rbd migration execute and rbd migration commit, and import the snapshots again; or with rbd migration" +
			" abort, after which nothing has changed.",
	}
}

func (c *Cluster) listSnapshots(ctx context.Context, ref ImageRef) (ImageSnapshots, error) {
	what := fmt.Sprintf("Unable to list the snapshots of image %s of cluster %q.", ref, c.cfg.Label)
	return readImage(ctx, c, what, ref, func(ctx context.Context, conn Conn) (ImageSnapshots, error) { return conn.Snapshots(ctx, ref) })
}

func (c *Cluster) noSnapshot(what string, snapshots ImageSnapshots) error {
	var names []string
	for _, s := range snapshots.users() {
		names = append(names, s.Name)
	}
	return notThere(what, "It has none at all.", "It has", names, "Correct the name, or create the snapshot.")
}

// VisitSnapshots calls visit for the snapshots that somebody made of the images that a filter selects, in the order of the images' names
// and of the snapshots' ages, until it returns false. An image that is removed meanwhile is left out.
//
// Similar to: rbd ls; rbd snap ls of each image
func (c *Cluster) VisitSnapshots(ctx context.Context, filter ImageFilter, visit func(Snapshot) bool) error {
	listed, err := c.namesOfImages(ctx, filter)
	if err != nil {
		return err
	}
	for _, names := range listed {
		for some := range slices.Chunk(names.entries, imagesAtATime) {
			found, err := gather(some, func(entry ImageEntry) ([]ImageSnapshots, error) {
				snapshots, err := c.listSnapshots(ctx, ImageRef{names.pool, names.namespace, entry.Name})
				if problem.Is(err, problem.NotFound) {
					return nil, nil
				}
				return []ImageSnapshots{snapshots}, err
			})
			if err != nil {
				return err
			}
			for _, snapshots := range found {
				if slices.ContainsFunc(snapshots.users(), func(s Snapshot) bool { return !visit(s) }) {
					return nil
				}
			}
		}
	}
	return nil
}
