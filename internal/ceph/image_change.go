package ceph

import (
	"context"
	"errors"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// CheckImageChange refuses, before the first step of a change, what librbd would refuse in the middle or what would do harm: under a
// lock that somebody put on the image by hand, on a copy that mirroring writes, or during a migration.
func (c *Cluster) CheckImageChange(ctx context.Context, ref ImageRef) error {
	_, err := c.changeable(ctx, ref)
	return err
}

// changeable is CheckImageChange, and returns what was read for it.
func (c *Cluster) changeable(ctx context.Context, ref ImageRef) (ImageRelations, error) {
	what := fmt.Sprintf("Image %s of cluster %q can't be changed now.", ref, c.cfg.Label)
	relations, err := c.relations(ctx, what, ref)
	if err != nil {
		return ImageRelations{}, err
	}
	return relations, refuseObstacles(what, relations.againstChange(ref), "Nothing was changed.")
}

// ResizeImage changes the size of an image, in bytes. A smaller size is problem.Refused unless allowShrink is set.
//
// Similar to: rbd resize
func (c *Cluster) ResizeImage(ctx context.Context, ref ImageRef, bytes uint64, allowShrink bool) error {
	what := fmt.Sprintf("Unable to resize image %s of cluster %q to %d bytes.", ref, c.cfg.Label, bytes)
	if !allowShrink {
		image, err := c.Image(ctx, ref)
		if err != nil {
			return err
		}
		if bytes < image.SizeBytes {
			return &problem.Problem{
				Kind: problem.Refused, What: what,
				Why: fmt.Sprintf("It has %d bytes now; shrinking it destroys what is stored beyond the new end.", image.SizeBytes),
				Do:  "Shrink the file system in the guest first, then set allow_shrink.",
			}
		}
	}
	err := c.changeImage(ctx, what, ref, func(conn Conn) error { return conn.ResizeImage(ctx, ref, bytes, allowShrink) })
	var p *problem.Problem
	if problem.Is(err, problem.Invalid) && errors.As(err, &p) {
		p.Why = "librbd does not take this size: with the feature object-map an image has at most 256000000 objects."
		p.Do = "Choose a smaller size, or take object-map and fast-diff out of the features."
	}
	return err
}

// RenameImage renames an image within its pool and namespace. An image that already has the name is problem.Exists.
//
// Similar to: rbd rename
func (c *Cluster) RenameImage(ctx context.Context, ref ImageRef, name string) error {
	what := fmt.Sprintf("Unable to rename image %s of cluster %q to %q.", ref, c.cfg.Label, name)
	defer c.changingImages()()
	return c.changeImage(ctx, what, ref, func(conn Conn) error { return conn.RenameImage(ctx, ref, name) })
}

func (c *Cluster) changeImage(ctx context.Context, what string, ref ImageRef, call func(Conn) error) error {
	if err := c.refuseUnserved(ctx, what, ref.Pool, ref.Namespace, "rbd_id."+ref.Name); err != nil {
		return err
	}
	errno, err := c.callErrno(ctx, what, call)
	if errno == ENOENT {
		return c.imageMissing(ctx, ref, err)
	}
	return err
}
