package ceph

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// PoolLeavings names the images of a pool, its trash included, of which something would stay in other pools if the pool were deleted: their
// data in a data pool, which nothing leads to without the image's header, and the notes of the clones at parents, which then can't be
// removed. Clones of format 1 leave none: their pool itself has the notes. If one of the pools can't be asked, it fails.
//
// Similar to: rbd info of all images; rbd children --all of their parents
func (c *Cluster) PoolLeavings(ctx context.Context, name string) ([]string, error) {
	pool, err := c.Pool(ctx, name)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("Unable to find out what the images in pool %q of cluster %q have in other pools.", name, c.cfg.Label)
	all, err := c.poolImages(ctx, what, pool)
	images := byNamespace(all)
	if err != nil || len(images) == 0 {
		return nil, err
	}
	pools, err := c.pools(ctx, what)
	if err != nil {
		return nil, err
	}
	others := map[int64]Pool{}
	for _, other := range pools {
		if other.ID != pool.ID {
			others[other.ID] = other
		}
	}
	dataPools, err := c.dataPoolsAmong(ctx, what, pool, images)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, image := range dataPools {
		if other, exists := others[image.dataPool]; exists {
			names = append(names, image.with(fmt.Sprintf("its data is in pool %q", other.Name)))
		}
	}
	clones, err := c.clonesOfOthers(ctx, what, pool, images, others)
	names = append(names, clones...)
	slices.Sort(names)
	return firstOf(names, 20), err
}

// clonesOfOthers names those images of a pool that are attached as clones to images of other pools.
func (c *Cluster) clonesOfOthers(
	ctx context.Context, what string, pool Pool, images map[string]map[string]poolImage, others map[int64]Pool,
) ([]string, error) {
	parents := map[int64]map[string]map[string]bool{} // the ids of the parents, by their pools and namespaces
	for namespace, byID := range images {
		found, err := c.parentsOf(ctx, what, pool, namespace, byID)
		if err != nil {
			return nil, err
		}
		for _, parent := range found {
			if parents[parent.PoolID] == nil {
				parents[parent.PoolID] = map[string]map[string]bool{}
			}
			if parents[parent.PoolID][parent.Namespace] == nil {
				parents[parent.PoolID][parent.Namespace] = map[string]bool{}
			}
			parents[parent.PoolID][parent.Namespace][parent.ImageID] = true
		}
	}
	var asked []Pool
	for id := range parents {
		if other, exists := others[id]; exists {
			asked = append(asked, other)
		}
	}
	return inPools(ctx, c, what, asked, func(other Pool) (names []string, err error) {
		for namespace, ids := range parents[other.ID] {
			clones, _, err := read(ctx, c, what, func(ctx context.Context, conn Conn) ([]Clone, error) {
				return conn.AttachedClones(ctx, other.Name, namespace, slices.Collect(maps.Keys(ids)))
			})
			if err != nil {
				return nil, err
			}
			for _, clone := range clones {
				if image, exists := images[clone.Namespace][clone.ID]; exists && clone.PoolID == pool.ID {
					names = append(names, image.with(fmt.Sprintf("a clone of an image in pool %q", other.Name)))
				}
			}
		}
		return names, nil
	})
}

// parentsOf lists the parents of images of one namespace, by their ids. Those whose header does not tell all are opened. What is in the
// trash can't be: nothing is asked of it then.
func (c *Cluster) parentsOf(
	ctx context.Context, what string, pool Pool, namespace string, images map[string]poolImage,
) (parents []SnapshotID, err error) {
	var rest []ImageRef
	for ids := range slices.Chunk(slices.Collect(maps.Keys(images)), imagesAtATime) {
		told, _, err := read(ctx, c, what, func(ctx context.Context, conn Conn) (map[string]Image, error) {
			return conn.ImageHeaders(ctx, pool.Name, namespace, ids)
		})
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			switch image, found := told[id]; {
			case !found && !images[id].trash:
				rest = append(rest, images[id].ref)
			case found && image.Parent != nil:
				parents = append(parents, *image.Parent)
			}
		}
	}
	opened, err := gather(rest, func(ref ImageRef) ([]SnapshotID, error) {
		image, errno, err := read(ctx, c, what, func(ctx context.Context, conn Conn) (Image, error) { return conn.Image(ctx, ref) })
		if errno == ENOENT { // without a header, as after a removal that was cut off, there is no parent either
			return nil, nil
		}
		if err != nil || image.Parent == nil {
			return nil, err
		}
		return []SnapshotID{*image.Parent}, nil
	})
	return append(parents, opened...), err
}
