package ceph

import (
	"context"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// halfRemoved is the error of an image whose removal has begun and not ended. librbd takes its name away first, then its data.
func (c *Cluster) halfRemoved(ref ImageRef, id string) error {
	return &problem.Problem{
		Kind: problem.Removing,
		What: fmt.Sprintf("Image %s (id %s) of cluster %q is half removed.", ref, id, c.cfg.Label),
		Why: "Its removal was cut off, or is still under way. It can't be opened any more, part of its data is gone for good, and the rest" +
			" takes up space, also where another image has got the name.",
		Do: fmt.Sprintf("Let Terraform destroy or replace it, which ends the removal, or end it by hand: rbd trash rm %s.",
			problem.Word(ImageRef{ref.Pool, ref.Namespace, id}.String())),
	}
}

// EndRemoval removes what is left of an image whose removal was cut off. The image is known by its id, since another one may have its name.
// A client that was cut off, and its watcher with it, are waited for as by [Cluster.DeleteImage]. An image that is gone is no error.
//
// Similar to: rbd trash rm
func (c *Cluster) EndRemoval(ctx context.Context, ref ImageRef, id string) error {
	what := fmt.Sprintf("Unable to end the removal of image %s (id %s) of cluster %q.", ref, id, c.cfg.Label)
	defer c.changingImages()()
	return c.AwaitRelease(ctx, ref, func() (held, err error) {
		removing, _, err := read(ctx, c, what, func(ctx context.Context, conn Conn) (string, error) {
			return conn.RemovalOf(ctx, ref.Pool, ref.Namespace, id)
		})
		if err != nil || removing == "" { // what else is in the trash was put there to be kept
			return nil, err
		}
		errno, err := c.callErrno(ctx, what, func(conn Conn) error { return conn.EndRemoval(ctx, ref.Pool, ref.Namespace, id) })
		switch errno {
		case EBUSY:
			return c.busyImage(what, nil), nil
		case ENOENT:
			return nil, nil
		}
		return nil, err
	})
}
