package ceph

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
)

// PoolDependents names the images of other pools that would be lost with a pool: those that keep their data in it, and clones of
// its images that read from them. If one of the pools can't be asked, it fails.
//
// Similar to: rbd info of all images; rbd children --all of all images
func (c *Cluster) PoolDependents(ctx context.Context, name string) ([]string, error) {
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

// dataOf lists the images of other pools that have this one as data pool.
func (c *Cluster) dataOf(ctx context.Context, what string, pool Pool) ([]ImageRef, error) {
	others, err := c.otherPools(ctx, what, pool)
	if err != nil {
		return nil, err
	}
	found, err := inPools(ctx, c, what, others, func(other Pool) ([]ImageRef, error) { return c.imagesWithDataIn(ctx, what, other, pool.ID) })
	sort.Slice(found, func(i, j int) bool { return found[i].String() < found[j].String() })
	return found, err
}

func (c *Cluster) imagesWithDataIn(ctx context.Context, what string, pool Pool, dataPool int64) ([]ImageRef, error) {
	holdings, err := c.poolImages(ctx, what, pool)
	if err != nil {
		return nil, err
	}
	byNamespace := map[string][]string{}
	for _, image := range holdings.images {
		if image.id != "" {
			byNamespace[image.ref.Namespace] = append(byNamespace[image.ref.Namespace], image.id)
		}
	}
	in := map[string]bool{}
	for namespace, ids := range byNamespace {
		err := c.call(ctx, what, func(conn Conn) error {
			dataPools, err := conn.ImageDataPools(ctx, pool.Name, namespace, ids)
			for id, number := range dataPools {
				in[namespace+"/"+id] = number == dataPool
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	var refs []ImageRef
	for _, image := range holdings.images {
		if in[image.ref.Namespace+"/"+image.id] {
			refs = append(refs, image.ref)
		}
	}
	return refs, nil
}

func (c *Cluster) clonesOutside(ctx context.Context, what string, pool Pool) ([]Clone, error) {
	holdings, err := c.poolImages(ctx, what, pool)
	if err != nil || len(holdings.images) == 0 {
		return nil, err
	}
	others, err := c.otherPools(ctx, what, pool)
	if err != nil {
		return nil, err
	}
	ids := map[string][]string{}
	for _, image := range holdings.images {
		if image.id != "" {
			ids[image.ref.Namespace] = append(ids[image.ref.Namespace], image.id)
		}
	}
	namespaces := slices.Collect(maps.Keys(ids))
	attached, err := gather(namespaces, func(namespace string) (clones []Clone, err error) {
		err = c.call(ctx, what, func(conn Conn) (err error) {
			clones, err = conn.AttachedClones(ctx, pool.Name, namespace, ids[namespace])
			return err
		})
		return clones, err
	})
	if err != nil {
		return nil, err
	}
	listed, err := inPools(ctx, c, what, others, func(other Pool) ([]Clone, error) {
		var found []Clone
		for _, namespace := range namespaces {
			var clones []Clone
			_, err := c.read(ctx, what, func(ctx context.Context, conn Conn) (err error) {
				clones, err = conn.AllListedClones(ctx, other.Name, namespace, pool.ID)
				return err
			})
			if err != nil {
				return nil, err
			}
			found = append(found, clones...)
		}
		return found, nil
	})
	found := slices.DeleteFunc(append(attached, listed...), func(clone Clone) bool { return clone.PoolID == pool.ID })
	sort.Slice(found, func(i, j int) bool { return found[i].ID < found[j].ID })
	return found, err
}

// otherPools are the pools beside one that may hold images.
func (c *Cluster) otherPools(ctx context.Context, what string, pool Pool) ([]Pool, error) {
	pools, err := c.pools(ctx, what)
	var others []Pool
	for _, other := range pools {
		if other.ID != pool.ID && other.Type != Erasure && mayHoldImages(other) {
			others = append(others, other)
		}
	}
	return others, err
}

// mayHoldImages leaves out the pools of other applications: those of file systems and gateways can be large.
func mayHoldImages(p Pool) bool {
	return len(p.Applications) == 0 || slices.Contains(p.Applications, ApplicationRBD)
}
