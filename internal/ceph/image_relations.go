package ceph

import (
	"context"
	"fmt"
	"slices"
)

// Lock is a lock that was put on an image by hand. The locks of librbd itself are left out: they belong to a watcher, or to a client that
// crashed, and librbd removes them.
type Lock struct {
	Client string // "client.4155"
	Cookie string // the id that was given to rbd lock add
	Addr   string
}

// Migration is an image on its way to another place, name or layout. Both ends are the same image to its users.
type Migration struct {
	Source bool // this image is where the data comes from; else, where it goes to
	PoolID int64
	Other  ImageRef // the other end, without the pool's name
	ID     string   // the other end's
}

// ImageRelations is what can keep an image from being changed or removed.
type ImageRelations struct {
	PoolID     int64
	ID         string
	Snapshots  []ImageSnapshot // oldest first
	Clones     []Clone
	Locks      []Lock
	Watchers   []Watcher
	Group      string // POOL[/NAMESPACE]/GROUP; empty for none
	Exclusive  bool   // it has the feature exclusive-lock, by which librbd minds the locks of others
	Quota      string // the pool whose quota is used up, so that not even a removal can begin; empty for none
	NonPrimary bool   // the mirrored copy of an image of another cluster
	Mirrored   bool   // by snapshots or its journal, whichever end it is
	MirrorOpen bool   // rbd-mirror of another cluster has it open, and is left out of the watchers
	Journaled  bool   // mirrored by its journal
	Migration  *Migration
}

// ImageRelations tells what keeps an image from being changed or removed. The clones are complete: if one pool can't be
// asked, it fails.
//
// Similar to: rbd snap ls --all; rbd children --all; rbd lock ls; rbd status; rbd info
func (c *Cluster) ImageRelations(ctx context.Context, ref ImageRef) (ImageRelations, error) {
	relations, err := c.relations(ctx, c.unableToRelate(ref), ref)
	if err != nil {
		return ImageRelations{}, err
	}
	return c.completeRelations(ctx, ref, relations)
}

// relations are those that the image itself tells. What says what could not be done without them.
func (c *Cluster) relations(ctx context.Context, what string, ref ImageRef) (ImageRelations, error) {
	return readImage(ctx, c, what, ref, func(ctx context.Context, conn Conn) (ImageRelations, error) { return conn.ImageRelations(ctx, ref) })
}

func (c *Cluster) unableToRelate(ref ImageRef) string {
	return fmt.Sprintf("Unable to find out what depends on image %s of cluster %q.", ref, c.cfg.Label)
}

// completeRelations adds what the image itself does not tell.
func (c *Cluster) completeRelations(ctx context.Context, ref ImageRef, relations ImageRelations) (ImageRelations, error) {
	if slices.ContainsFunc(relations.Snapshots, func(s ImageSnapshot) bool { return s.Protected }) {
		// Only what is protected can have clones of format 1, which each pool lists for itself.
		listed, err := c.clonesOfFormat1(ctx, c.unableToRelate(ref), ref.Namespace, relations)
		if err != nil {
			return ImageRelations{}, err
		}
		relations.Clones = append(relations.Clones, listed...)
	}
	var err error
	if relations.Clones, err = c.remaining(ctx, c.unableToRelate(ref), relations.Clones); err != nil {
		return ImageRelations{}, err
	}
	c.nameRelations(ctx, &relations)
	return relations, nil
}

// nameRelations adds names, and whether the quota of the pool is used up.
func (c *Cluster) nameRelations(ctx context.Context, relations *ImageRelations) {
	if pool, err := c.PoolByID(ctx, relations.PoolID); err == nil && pool.QuotaReached {
		relations.Quota = pool.Name
	}
	c.nameClones(ctx, relations.Clones)
	c.nameWatchers(ctx, relations.Watchers)
	all := len(relations.Watchers)
	relations.Watchers = Holders(relations.Watchers)
	relations.MirrorOpen = len(relations.Watchers) < all
}
