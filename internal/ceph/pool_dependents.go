package ceph

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
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
	for _, image := range dataOf {
		if image.trash {
			names = append(names, fmt.Sprintf("%s (in the trash, id %s, its data)", image.ref, image.id))
		} else {
			names = append(names, image.ref.String()+" (its data)")
		}
	}
	for _, clone := range clones {
		names = append(names, clone.String()+" (a clone)")
	}
	return names, nil
}

// PoolLeavings names the other pools in which images of a pool, its trash included, keep their data. The data stays there when the pool is
// deleted, and nothing leads to it any more.
//
// Similar to: rbd info of all images
func (c *Cluster) PoolLeavings(ctx context.Context, pool Pool) ([]string, error) {
	what := fmt.Sprintf("Unable to find out where the images in pool %q of cluster %q keep their data.", pool.Name, c.cfg.Label)
	images, err := c.dataPoolsOf(ctx, what, pool)
	if err != nil || len(images) == 0 {
		return nil, err
	}
	pools, err := c.pools(ctx, what)
	var names []string
	for _, other := range pools {
		inIt := func(image dataPoolOf) bool { return image.dataPool == other.ID }
		if other.ID != pool.ID && slices.ContainsFunc(images, inIt) {
			names = append(names, other.Name)
		}
	}
	return names, err
}

// dataOf lists the images of other pools that have this one as data pool. That takes a look at the images of all pools, which serves all
// pools that are asked about before it begins.
func (c *Cluster) dataOf(ctx context.Context, what string, pool Pool) ([]poolImage, error) {
	general := fmt.Sprintf("Unable to find out in which pools of cluster %q images keep their data.", c.cfg.Label)
	byDataPool, err := c.dataPools.Get(readcache.Afresh(ctx), struct{}{}, func(ctx context.Context) (map[int64][]poolImage, error) {
		return c.imagesByDataPool(ctx, general)
	})
	return slices.Clone(byDataPool[pool.ID]), replaceWhat(err, general, what)
}

// imagesByDataPool lists the images that have a data pool, by its id.
func (c *Cluster) imagesByDataPool(ctx context.Context, what string) (map[int64][]poolImage, error) {
	pools, err := c.imagePools(ctx, what)
	if err != nil {
		return nil, err
	}
	found, err := inPools(ctx, c, what, pools, func(pool Pool) ([]dataPoolOf, error) { return c.dataPoolsOf(ctx, what, pool) })
	byDataPool := map[int64][]poolImage{}
	for _, image := range found {
		byDataPool[image.dataPool] = append(byDataPool[image.dataPool], image.poolImage)
	}
	for _, images := range byDataPool {
		slices.SortFunc(images, func(a, b poolImage) int { return cmp.Compare(a.ref.String(), b.ref.String()) })
	}
	return byDataPool, err
}

// dataPoolOf is an image with the id of its data pool.
type dataPoolOf struct {
	poolImage
	dataPool int64
}

// dataPoolsOf lists the images of a pool that have a data pool.
func (c *Cluster) dataPoolsOf(ctx context.Context, what string, pool Pool) ([]dataPoolOf, error) {
	all, err := c.poolImages(ctx, what, pool)
	if err != nil {
		return nil, err
	}
	byNamespace := map[string]map[string]poolImage{} // the images of each, by their ids
	for _, image := range all {
		if image.id == "" {
			continue
		}
		if byNamespace[image.ref.Namespace] == nil {
			byNamespace[image.ref.Namespace] = map[string]poolImage{}
		}
		byNamespace[image.ref.Namespace][image.id] = image
	}
	var found []dataPoolOf
	for namespace, images := range byNamespace {
		err := c.call(ctx, what, func(conn Conn) error {
			dataPools, err := conn.ImageDataPools(ctx, pool.Name, namespace, slices.Collect(maps.Keys(images)))
			for id, dataPool := range dataPools {
				found = append(found, dataPoolOf{images[id], dataPool})
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (c *Cluster) clonesOutside(ctx context.Context, what string, pool Pool) ([]Clone, error) {
	images, err := c.poolImages(ctx, what, pool)
	if err != nil || len(images) == 0 {
		return nil, err
	}
	others, err := c.otherPools(ctx, what, pool)
	if err != nil {
		return nil, err
	}
	ids := map[string][]string{}
	for _, image := range images {
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
			clones, _, err := read(ctx, c, what, func(ctx context.Context, conn Conn) ([]Clone, error) {
				return conn.AllListedClones(ctx, other.Name, namespace, pool.ID)
			})
			if err != nil {
				return nil, err
			}
			found = append(found, clones...)
		}
		return found, nil
	})
	if err != nil {
		return nil, err
	}
	outside := slices.DeleteFunc(append(attached, listed...), func(clone Clone) bool { return clone.PoolID == pool.ID })
	found, err := c.remaining(ctx, what, outside)
	slices.SortFunc(found, func(a, b Clone) int { return cmp.Compare(a.ID, b.ID) })
	return found, err
}

// otherPools are the pools beside one that may hold images.
func (c *Cluster) otherPools(ctx context.Context, what string, pool Pool) ([]Pool, error) {
	pools, err := c.imagePools(ctx, what)
	return slices.DeleteFunc(pools, func(other Pool) bool { return other.ID == pool.ID }), err
}

// imagePools are the pools that may hold images.
func (c *Cluster) imagePools(ctx context.Context, what string) ([]Pool, error) {
	pools, err := c.pools(ctx, what)
	var found []Pool
	for _, pool := range pools {
		if pool.Type != Erasure && mayHoldImages(pool) {
			found = append(found, pool)
		}
	}
	return found, err
}

// otherApplications are those of Ceph itself whose pools hold no images, and can be large.
var otherApplications = []string{"cephfs", "mgr", "mgr_devicehealth", "nfs", "rgw"}

// mayHoldImages leaves out the pools that only Ceph's other applications use. Ceph makes images in a pool of any application, so an
// operator's own name for one says nothing.
func mayHoldImages(p Pool) bool {
	return len(p.Applications) == 0 ||
		slices.ContainsFunc(p.Applications, func(name string) bool { return !slices.Contains(otherApplications, name) })
}
