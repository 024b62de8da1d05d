package ceph

import (
	"context"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// directoryOf names the directory of the images of a namespace. The pool is known by its id, since another may have its name soon.
type directoryOf struct {
	poolID    int64
	namespace string
}

// changingImages drops what shared readings tell of the names of images, at once and again when the change is over.
func (c *Cluster) changingImages() (changed func()) {
	directories, snapshots := c.directories.Changing(), c.snapshots.Changing()
	return func() {
		directories()
		snapshots()
	}
}

// directory holds the names of the images of a namespace by their ids.
type directory map[string]string

// sharedName returns the name of an image by a listing of its namespace that serves every image there while resources are refreshed; empty
// where it doesn't have the image. It proves nothing: an image that it lacks, or that isn't what it was, is asked for alone.
func (c *Cluster) sharedName(ctx context.Context, pool Pool, namespace, id string) (string, error) {
	names, err := c.directories.Get(ctx, directoryOf{pool.ID, namespace}, func(ctx context.Context) (directory, error) {
		entries, err := c.Images(ctx, pool.Name, namespace)
		names := make(directory, len(entries))
		for _, entry := range entries {
			if entry.ID != "" {
				names[entry.ID] = entry.Name
			}
		}
		return names, err
	})
	if err != nil && !problem.NoAnswer(err) {
		return "", nil // who may not list may still read, and a pool may just have been renamed
	}
	return names[id], err
}

// sharedImage reads an image from its header alone, under the name that a shared listing has for it. found is false where that doesn't tell
// all, or nothing: the image is then asked for alone.
func (c *Cluster) sharedImage(ctx context.Context, poolID int64, namespace, id string) (ref ImageRef, image Image, found bool, err error) {
	if !readcache.Shared(ctx) || id == "" {
		return ref, image, false, nil
	}
	pool, err := c.PoolByID(ctx, poolID)
	if err != nil {
		return ref, image, false, err
	}
	ref = ImageRef{Pool: pool.Name, Namespace: namespace}
	if ref.Name, err = c.sharedName(ctx, pool, namespace, id); ref.Name == "" || err != nil {
		return ref, image, false, err
	}
	what := fmt.Sprintf("Unable to read image %s of cluster %q.", ref, c.cfg.Label)
	told, _, err := read(ctx, c, what, func(ctx context.Context, conn Conn) (map[string]Image, error) {
		return conn.ImageHeaders(ctx, pool.Name, namespace, []string{id})
	})
	if problem.NoAnswer(err) {
		return ref, image, false, err
	}
	if image, found = told[id]; found {
		splitConfig(&image)
	}
	return ref, image, found && image.PoolID == poolID, nil
}
