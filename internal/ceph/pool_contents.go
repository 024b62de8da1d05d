package ceph

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// PoolContents is what a pool holds beyond RBD's bookkeeping, found by listing.
type PoolContents struct {
	Images []ImageRef // of all namespaces
	Trash  []ImageRef // of all namespaces, by the names they had
	// Objects are a few examples of objects that aren't bookkeeping. They are looked for only if the pool has no images.
	Objects []string
	// DataOf are images of other pools whose data is in this one.
	DataOf []ImageRef
	// DataOfTrash are such images in the trash, by the names they had: other images may have these names.
	DataOfTrash []ImageRef
}

// Empty tells whether nothing would be lost if the pool were deleted. An empty namespace counts as nothing.
func (c PoolContents) Empty() bool {
	return len(c.Images)+len(c.Trash)+len(c.Objects)+len(c.DataOf)+len(c.DataOfTrash) == 0
}

// Summary says in words what the pool holds, for a message.
func (c PoolContents) Summary() string {
	objects := ""
	if len(c.Objects) > 0 {
		objects = fmt.Sprintf("objects that don't belong to RBD's bookkeeping (such as %s)", strings.Join(c.Objects, ", "))
	}
	return inWords(
		counted(refNames(c.Images), "image", "images"),
		counted(refNames(c.Trash), "image in the trash", "images in the trash"),
		counted(refNames(c.DataOf), "image of another pool that keeps its data here", "images of other pools that keep their data here"),
		counted(refNames(c.DataOfTrash), "image in the trash of another pool that keeps its data here",
			"images in the trash of other pools that keep their data here"),
		objects)
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

// PoolContents lists what a pool holds. A listing takes longer the more images there are; statistics would be quicker, but lag behind.
// A pool whose placement groups lack OSDs, so that nothing can be listed, is problem.Unserved.
//
// Similar to: rbd ls; rbd trash ls; rbd namespace ls; rados ls
func (c *Cluster) PoolContents(ctx context.Context, name string) (contents PoolContents, err error) {
	pool, err := c.Pool(ctx, name)
	if err != nil {
		return PoolContents{}, err
	}
	what := fmt.Sprintf("Unable to find out what pool %q of cluster %q holds.", name, c.cfg.Label)
	err = c.whileServed(ctx, what, pool, func(ctx context.Context) (err error) {
		contents, err = c.poolContents(ctx, what, pool)
		return err
	})
	return contents, err
}

func (c *Cluster) poolContents(ctx context.Context, what string, pool Pool) (PoolContents, error) {
	images, err := c.poolImages(ctx, what, pool)
	if err != nil {
		return PoolContents{}, err
	}
	contents := PoolContents{}
	for _, image := range images {
		if image.trash {
			contents.Trash = append(contents.Trash, image.ref)
		} else {
			contents.Images = append(contents.Images, image.ref)
		}
	}
	dataOf, err := c.dataOf(ctx, what, pool)
	if err != nil {
		return PoolContents{}, err
	}
	for _, image := range dataOf {
		if image.trash {
			contents.DataOfTrash = append(contents.DataOfTrash, image.ref)
		} else {
			contents.DataOf = append(contents.DataOf, image.ref)
		}
	}
	if !contents.Empty() {
		// The objects of images are many and would tell nothing new.
		return contents, nil
	}
	err = c.call(ctx, what, func(conn Conn) error {
		return conn.VisitObjects(ctx, pool.Name, func(namespace, object string) bool {
			if !isBookkeeping(object) {
				contents.Objects = append(contents.Objects, strings.TrimPrefix(namespace+"/"+object, "/"))
			}
			return len(contents.Objects) < exampleObjects
		})
	})
	return contents, err
}

// whileServed lists what is in a pool, and gives up where the pool's placement groups lack OSDs: it would wait without end.
func (c *Cluster) whileServed(ctx context.Context, what string, pool Pool, list func(context.Context) error) error {
	var err error
	refusal := c.refuseUnanswered(ctx,
		func(ctx context.Context) error { return c.refuseUnservedPool(ctx, what, pool) },
		func(ctx context.Context) error { err = list(ctx); return err })
	return cmp.Or(refusal, err)
}

func isBookkeeping(object string) bool { return slices.Contains(bookkeeping, object) }

// poolImage is an image of a pool with its id, perhaps in the trash.
type poolImage struct {
	ref   ImageRef
	id    string
	trash bool
}

// poolImages lists the images of all namespaces of a pool, with the trash.
func (c *Cluster) poolImages(ctx context.Context, what string, pool Pool) ([]poolImage, error) {
	if pool.Type == Erasure {
		// An erasure-coded pool can hold data of images, but no image.
		return nil, nil
	}
	namespaces, _, err := read(ctx, c, what, func(ctx context.Context, conn Conn) ([]string, error) {
		return conn.Namespaces(ctx, pool.Name)
	})
	if err != nil {
		return nil, err
	}
	var all []poolImage
	for _, namespace := range append([]string{""}, namespaces...) {
		_, err := c.read(ctx, what, func(ctx context.Context, conn Conn) error {
			images, err := conn.Images(ctx, pool.Name, namespace)
			if err != nil {
				return err
			}
			trash, err := conn.Trash(ctx, pool.Name, namespace)
			if err != nil {
				return err
			}
			for _, entry := range images {
				all = append(all, poolImage{ref: ImageRef{pool.Name, namespace, entry.Name}, id: entry.ID})
			}
			for _, entry := range trash {
				all = append(all, poolImage{ref: ImageRef{pool.Name, namespace, entry.Name}, id: entry.ID, trash: true})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}
