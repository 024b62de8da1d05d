package ceph

import (
	"context"
	"fmt"
	"slices"
)

// ImageContents tells what an image holds. Allocated is decided by looking for an extent, not by statistics, and doesn't
// count what the image sees of its parent.
type ImageContents struct {
	ImageRelations

	Allocated bool
}

// Empty tells whether nothing would be lost, and nobody disturbed, if the image were removed.
func (c ImageContents) Empty() bool {
	groups := slices.ContainsFunc(c.Snapshots, func(s ImageSnapshot) bool { return s.Kind == GroupSnapshot })
	return !c.Allocated && len(c.UserSnapshots()) == 0 && !groups && len(c.Clones) == 0 && len(c.Watchers) == 0
}

// ImageContents tells what an image holds, and what depends on it. format is that of an image which is encrypted, empty for others: its
// header is not what it holds.
//
// Similar to: rbd diff; rbd snap ls; rbd children; rbd status
func (c *Cluster) ImageContents(ctx context.Context, ref ImageRef, format string) (ImageContents, error) {
	looked := false
	contents, err := readImage(ctx, c, c.unableToRelate(ref), ref, func(ctx context.Context, conn Conn) (contents ImageContents, err error) {
		contents, looked, err = conn.ImageContents(ctx, ref, format)
		return contents, err
	})
	if err == nil {
		contents.ImageRelations, err = c.completeRelations(ctx, ref, contents.ImageRelations)
	}
	if err != nil || looked {
		return contents, err
	}
	what := fmt.Sprintf("Unable to look into image %s of cluster %q.", ref, c.cfg.Label)
	contents.Allocated, err = readImage(ctx, c, what, ref, func(_ context.Context, conn Conn) (bool, error) {
		// Without an object map each object is asked for, so this may take longer than other reads.
		return conn.ImageAllocated(ctx, ref, format)
	})
	if err == nil {
		// A removal goes by them, so they are never older than the rest.
		contents.ImageRelations, err = c.ImageRelations(ctx, ref)
	}
	return contents, err
}
