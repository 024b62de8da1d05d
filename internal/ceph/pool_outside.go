package ceph

import (
	"context"
	"fmt"
	"sort"
	"sync"

	"golang.org/x/sync/errgroup"
)

// ImagesOutside names the images of other pools that would be lost with a pool: those that keep their data in it, and clones of
// its images that read from them. If one of the pools can't be asked, it fails.
//
// Similar to: rbd info of all images; rbd children --all of all images
func (c *Cluster) ImagesOutside(ctx context.Context, name string) ([]string, error) {
	pool, err := c.Pool(ctx, name)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("Unable to find out which images of other pools depend on pool %q of cluster %q.", name, c.cfg.Label)
	dataOf, err := c.dataOf(ctx, what, pool)
	if err != nil {
		return nil, err
	}
	clones, err := c.clonesOutside(ctx, what, pool)
	if err != nil {
		return nil, err
	}
	c.nameClones(ctx, clones)
	var names []string
	for _, ref := range dataOf {
		names = append(names, ref.String()+" (its data)")
	}
	for _, clone := range clones {
		names = append(names, clone.String()+" (a clone)")
	}
	return names, nil
}

func (c *Cluster) clonesOutside(ctx context.Context, what string, pool Pool) ([]Clone, error) {
	holdings, err := c.poolImages(ctx, what, pool)
	if err != nil || len(holdings.images) == 0 {
		return nil, err
	}
	pools, err := c.pools(ctx, what)
	if err != nil {
		return nil, err
	}
	ids := map[string][]string{}
	for _, image := range holdings.images {
		if image.id != "" {
			ids[image.ref.Namespace] = append(ids[image.ref.Namespace], image.id)
		}
	}
	var (
		mu    sync.Mutex
		found []Clone
		group errgroup.Group
	)
	group.SetLimit(8)
	add := func(clones []Clone) {
		mu.Lock()
		defer mu.Unlock()
		for _, clone := range clones {
			if clone.PoolID != pool.ID {
				found = append(found, clone)
			}
		}
	}
	for namespace := range ids {
		group.Go(func() error {
			return c.on(ctx, what, func(conn Conn) error {
				clones, err := conn.AttachedClones(ctx, pool.Name, namespace, ids[namespace])
				add(clones)
				return err
			})
		})
		for _, other := range pools {
			if other.ID == pool.ID || other.Type == Erasure || !mayHoldImages(other) {
				continue
			}
			group.Go(func() error {
				_, err := c.reading(ctx, what, func(ctx context.Context, conn Conn) error {
					clones, err := conn.AllListedClones(ctx, other.Name, namespace, pool.ID)
					add(clones)
					return err
				})
				if err != nil && c.poolIsGone(ctx, what, other.ID) {
					return nil // deleted since the listing, as in one destroy of several pools
				}
				return err
			})
		}
	}
	err = group.Wait()
	sort.Slice(found, func(i, j int) bool { return found[i].ID < found[j].ID })
	return found, err
}
