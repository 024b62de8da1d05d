package ceph

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Contents is what a pool holds beyond RBD's bookkeeping, found by listing.
type Contents struct {
	Images     []ImageRef // of all namespaces
	Trash      []ImageRef // of all namespaces, by the names they had
	Namespaces []string
	// Objects are a few examples of objects that aren't bookkeeping. They are looked for only if the pool has no images.
	Objects []string
	// DataOf are images of other pools whose data is in this one.
	DataOf []ImageRef
}

// Empty tells whether nothing would be lost if the pool were deleted. An empty namespace counts as nothing.
func (c Contents) Empty() bool {
	return len(c.Images) == 0 && len(c.Trash) == 0 && len(c.Objects) == 0 && len(c.DataOf) == 0
}

// Summary says in words what the pool holds, for a message.
func (c Contents) Summary() string {
	var parts []string
	add := func(count int, one, many string, names []string) {
		if count == 0 {
			return
		}
		noun := many
		if count == 1 {
			noun = one
		}
		parts = append(parts, fmt.Sprintf("%d %s (%s)", count, noun, strings.Join(firstOf(names, 5), ", ")))
	}
	add(len(c.Images), "image", "images", refNames(c.Images))
	add(len(c.Trash), "image in the trash", "images in the trash", refNames(c.Trash))
	add(len(c.DataOf), "image of another pool that keeps its data here", "images of other pools that keep their data here", refNames(c.DataOf))
	if len(c.Objects) > 0 {
		parts = append(parts, fmt.Sprintf("objects that don't belong to RBD's bookkeeping (such as %s)", strings.Join(c.Objects, ", ")))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, "; ")
}

func refNames(refs []ImageRef) []string {
	names := make([]string, 0, len(refs))
	for _, r := range refs {
		names = append(names, r.String())
	}
	return names
}

// exampleObjects is how many foreign objects are looked for before the listing stops.
const exampleObjects = 3

// bookkeeping are the objects that RBD keeps in a pool without any image.
var bookkeeping = []string{
	"rbd_info", "rbd_directory", "rbd_namespace", "rbd_trash", "rbd_children", "rbd_mirroring", "rbd_mirror_leader",
	"rbd_group_directory", "rbd_pool_settings", "rbd_task", "rbd_mirror_snapshot_schedule", "rbd_trash_purge_schedule",
}

// PoolContents lists what a pool holds. Deciding by listing takes as long as the pool has images; statistics would be
// quicker and lag behind.
//
// Similar to: rbd ls; rbd trash ls; rbd namespace ls; rados ls
func (c *Cluster) PoolContents(ctx context.Context, name string) (Contents, error) {
	pool, err := c.Pool(ctx, name)
	if err != nil {
		return Contents{}, err
	}
	what := fmt.Sprintf("Unable to find out what pool %q of cluster %q holds.", name, c.cfg.Label)
	holdings, err := c.poolImages(ctx, what, pool)
	if err != nil {
		return Contents{}, err
	}
	contents := Contents{Namespaces: holdings.namespaces}
	for _, image := range holdings.images {
		if image.trash {
			contents.Trash = append(contents.Trash, image.ref)
		} else {
			contents.Images = append(contents.Images, image.ref)
		}
	}
	if contents.DataOf, err = c.dataOf(ctx, what, pool); err != nil {
		return Contents{}, err
	}
	if !contents.Empty() {
		// The objects of images are many and would tell nothing new.
		return contents, nil
	}
	err = c.on(ctx, what, func(conn Conn) error {
		return conn.VisitObjects(ctx, name, func(namespace, object string) bool {
			if !isBookkeeping(object) {
				contents.Objects = append(contents.Objects, strings.TrimPrefix(namespace+"/"+object, "/"))
			}
			return len(contents.Objects) < exampleObjects
		})
	})
	return contents, err
}

func isBookkeeping(object string) bool { return slices.Contains(bookkeeping, object) }

// heldImage is an image of a pool with its id, perhaps in the trash.
type heldImage struct {
	ref   ImageRef
	id    string
	trash bool
}

type poolHoldings struct {
	namespaces []string
	images     []heldImage
}

// poolImages lists the images of all namespaces of a pool, with the trash.
func (c *Cluster) poolImages(ctx context.Context, what string, pool Pool) (poolHoldings, error) {
	if pool.Type == Erasure {
		// An erasure-coded pool can hold data of images, but no image.
		return poolHoldings{}, nil
	}
	var holdings poolHoldings
	err := c.on(ctx, what, func(conn Conn) error {
		namespaces, err := conn.Namespaces(ctx, pool.Name)
		if err != nil {
			return err
		}
		holdings.namespaces = namespaces
		for _, namespace := range append([]string{""}, namespaces...) {
			images, err := conn.Images(ctx, pool.Name, namespace)
			if err != nil {
				return err
			}
			trash, err := conn.Trash(ctx, pool.Name, namespace)
			if err != nil {
				return err
			}
			for _, entry := range images {
				holdings.images = append(holdings.images, heldImage{ref: ImageRef{pool.Name, namespace, entry.Name}, id: entry.ID})
			}
			for _, entry := range trash {
				holdings.images = append(holdings.images, heldImage{ref: ImageRef{pool.Name, namespace, entry.Name}, id: entry.ID, trash: true})
			}
		}
		return nil
	})
	return holdings, err
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

// inPools asks for what is found in each pool. One that is deleted meanwhile, as in one destroy of several pools, has nothing.
func inPools[T any](ctx context.Context, c *Cluster, what string, pools []Pool, ask func(Pool) ([]T, error)) ([]T, error) {
	return gather(pools, func(pool Pool) ([]T, error) {
		found, err := ask(pool)
		if err != nil && c.poolIsGone(ctx, what, pool.ID) {
			return nil, nil
		}
		return found, err
	})
}

// gather asks about several things, eight at a time, and returns all that was found.
func gather[T, R any](things []T, ask func(T) ([]R, error)) ([]R, error) {
	found := make([][]R, len(things))
	var group errgroup.Group
	group.SetLimit(8)
	for i, thing := range things {
		group.Go(func() (err error) {
			found[i], err = ask(thing)
			return err
		})
	}
	err := group.Wait()
	return slices.Concat(found...), err
}

// poolIsGone tells whether a complete listing proves that a pool is there no more.
func (c *Cluster) poolIsGone(ctx context.Context, what string, id int64) bool {
	pools, err := c.pools(ctx, what)
	return err == nil && !slices.ContainsFunc(pools, func(p Pool) bool { return p.ID == id })
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
		err := c.on(ctx, what, func(conn Conn) error {
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

// WatchedImage is an image with the clients that have it open.
type WatchedImage struct {
	ImageRef
	Watchers []Watcher
}

// PoolWatchers lists the images with watchers whose header or data is in a pool: their clients would get errors if the
// pool changed its name, because caps name pools.
//
// Similar to: rbd status of each image
func (c *Cluster) PoolWatchers(ctx context.Context, name string) ([]WatchedImage, error) {
	pool, err := c.Pool(ctx, name)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("Unable to look for clients of the images in pool %q of cluster %q.", name, c.cfg.Label)
	holdings, err := c.poolImages(ctx, what, pool)
	if err != nil {
		return nil, err
	}
	refs, err := c.dataOf(ctx, what, pool)
	if err != nil {
		return nil, err
	}
	for _, image := range holdings.images {
		if !image.trash {
			refs = append(refs, image.ref)
		}
	}
	watched, err := gather(refs, func(ref ImageRef) ([]WatchedImage, error) {
		var watchers []Watcher
		errno, err := c.reading(ctx, what, func(ctx context.Context, conn Conn) (err error) {
			watchers, err = conn.Watchers(ctx, ref)
			return err
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
	sort.Slice(watched, func(i, j int) bool { return watched[i].String() < watched[j].String() })
	for i := range watched {
		c.nameWatchers(ctx, watched[i].Watchers)
	}
	return watched, nil
}
