package ceph

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// WatchedImage is an image with the clients that have it open.
type WatchedImage struct {
	ImageRef
	Watchers []Watcher
}

// PoolWatchers lists the images with watchers whose header or data is in a pool: their clients would get errors if the
// pool changed its name, because caps name pools. A pool whose placement groups lack OSDs is problem.Unserved.
//
// Similar to: rbd status of each image
func (c *Cluster) PoolWatchers(ctx context.Context, name string) (watched []WatchedImage, err error) {
	pool, err := c.Pool(ctx, name)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("Unable to look for clients of the images in pool %q of cluster %q.", name, c.cfg.Label)
	err = c.whileServed(ctx, what, pool, func(ctx context.Context) (err error) {
		watched, err = c.poolWatchers(ctx, what, pool)
		return err
	})
	return watched, err
}

// poolWatchers counts rbd-mirror of another cluster too: a mirrored pool is neither deleted nor renamed under it.
func (c *Cluster) poolWatchers(ctx context.Context, what string, pool Pool) ([]WatchedImage, error) {
	images, err := c.poolImages(ctx, what, pool)
	if err != nil {
		return nil, err
	}
	dataOf, err := c.dataOf(ctx, what, pool)
	if err != nil {
		return nil, err
	}
	var refs []ImageRef
	for _, image := range append(images, dataOf...) {
		if !image.trash { // another image may have its name, and nobody opens what is in the trash
			refs = append(refs, image.ref)
		}
	}
	watched, err := gather(refs, func(ref ImageRef) ([]WatchedImage, error) {
		watchers, errno, err := read(ctx, c, what, func(ctx context.Context, conn Conn) ([]Watcher, error) {
			return conn.Watchers(ctx, ref)
		})
		if errno == ENOENT {
			// Removed, or moved to the trash, since the listing: nobody is disturbed by the rename.
			return nil, nil
		}
		if err != nil || len(watchers) == 0 {
			return nil, err
		}
		return []WatchedImage{{ImageRef: ref, Watchers: watchers}}, nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(watched, func(a, b WatchedImage) int { return cmp.Compare(a.String(), b.String()) })
	for i := range watched {
		c.nameWatchers(ctx, watched[i].Watchers)
	}
	return watched, nil
}
