package ceph

import (
	"context"
	"fmt"
	"slices"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// explainOrphan makes of the failure to open an image that is there problem.Orphaned, if the pool of its parent, or of the parent's own
// parent and so on, is gone. librbd opens an image together with them, except in order to remove it.
func (c *Cluster) explainOrphan(ctx context.Context, ref ImageRef, id string, err error) error {
	missing, found := c.missingParentPool(ctx, SnapshotID{Namespace: ref.Namespace, ImageID: id}, ref.Pool)
	if !found {
		return err
	}
	return problem.Amend(err, func(p *problem.Problem) {
		p.Kind = problem.Orphaned
		p.Why = fmt.Sprintf("Image %s is a clone, and the pool of its parent (id %d) was deleted. What the image read from there is lost, and it"+
			" can't be opened any more.", ref, missing)
		p.Do = fmt.Sprintf("Remove the image: with force_destroy = true Terraform does, and by hand rbd rm %[1]s. Where its own data may still"+
			" be of use, move it to the trash instead: rbd trash mv %[1]s.", problem.Word(ref.String()))
	})
}

// orphaned is the error of a clone that has a parent, or one that has a parent and so on, in a pool that was deleted.
func orphaned(what string, pool int64) error {
	return &problem.Problem{
		Kind: problem.Orphaned, What: what,
		Why: fmt.Sprintf("The pool of the parent, or of a parent's parent (id %d), was deleted. What the clone read from there is lost, and it"+
			" can't be opened any more.", pool),
		Do: "Remove the clone: with force_destroy = true Terraform does, and by hand rbd rm.",
	}
}

// missingParentPool follows the parents of an image to the first whose pool is gone, and returns that pool's id. What can't be asked is not
// taken for gone.
func (c *Cluster) missingParentPool(ctx context.Context, image SnapshotID, pool string) (missing int64, found bool) {
	const what = "Unable to find the parent of an image."
	pools, err := c.pools(ctx, what)
	if err != nil {
		return 0, false
	}
	for {
		headers, _, err := read(ctx, c, what, func(ctx context.Context, conn Conn) (map[string]Image, error) {
			return conn.ImageHeaders(ctx, pool, image.Namespace, []string{image.ImageID})
		})
		header := headers[image.ImageID]
		if err != nil || header.Parent == nil {
			return 0, false
		}
		image = *header.Parent
		i := slices.IndexFunc(pools, func(pool Pool) bool { return pool.ID == image.PoolID })
		if i < 0 {
			return image.PoolID, true
		}
		pool = pools[i].Name
	}
}
