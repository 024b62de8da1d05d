package ceph

import (
	"context"
	"fmt"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// TrashImage moves an image to the trash of its namespace, with its data and snapshots, and without harm to its clones. For as long as
// delay it is not purged from there; after that somebody's purge removes it, and nothing else does. Watchers are waited for as by
// [Cluster.DeleteImage], and what they, locks, groups, mirroring or a migration refuse is problem.Busy or problem.Refused. An image that is
// gone already is no error. Other images and names than the known one are refused as there.
//
// Similar to: rbd trash mv --expires-at
func (c *Cluster) TrashImage(ctx context.Context, image KnownImage, delay time.Duration) error {
	ref := image.ImageRef
	what := fmt.Sprintf("Unable to move image %s of cluster %q to the trash.", ref, c.cfg.Label)
	return c.onceReleased(ctx, what, image, func() (relations ImageRelations, err error) {
		relations, err = c.relations(ctx, what, ref)
		if problem.Is(err, problem.Orphaned) {
			return ImageRelations{}, nil // librbd moves it without opening its parent, and refuses by itself what it should
		}
		if err == nil {
			err = relations.refuseOther(what, image)
		}
		if err != nil {
			return relations, err
		}
		relations.Clones = nil // which need no names then
		c.nameRelations(ctx, &relations)
		return relations, relations.refuseTrash(what, ref)
	}, func(ImageRelations) (bool, error) {
		defer c.changingImages()()
		errno, err := c.callErrno(ctx, what, func(conn Conn) error { return conn.TrashImage(ctx, ref, delay) })
		if errno == ENOENT {
			if missing := c.imageMissing(ctx, ref, err); problem.Is(missing, problem.NotFound) {
				return false, nil
			}
		}
		return errno == EBUSY, err
	})
}

// CheckImageTrash asks what [Cluster.TrashImage] asks first, without the watchers.
func (c *Cluster) CheckImageTrash(ctx context.Context, ref ImageRef) error {
	relations, err := c.ImageRelations(ctx, ref)
	if err != nil {
		return err
	}
	return relations.refuseTrash(fmt.Sprintf("Image %s of cluster %q can't be moved to the trash.", ref, c.cfg.Label), ref)
}

func (r ImageRelations) refuseTrash(what string, ref ImageRef) error {
	return refuseObstacles(what, r.againstTrash(ref), "It was left where it is.")
}
