package ceph

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// configPrefix marks those metadata keys that are settings of the image.
const configPrefix = "conf_"

// Images lists the images of a namespace (empty for the default one), sorted by name.
//
// Similar to: rbd ls
func (c *Cluster) Images(ctx context.Context, pool, namespace string) ([]ImageEntry, error) {
	what := fmt.Sprintf("Unable to list the images of pool %q of cluster %q.", pool, c.cfg.Label)
	var entries []ImageEntry
	errno, err := c.reading(ctx, what, func(ctx context.Context, conn Conn) (err error) {
		entries, err = conn.Images(ctx, pool, namespace)
		return err
	})
	if errno == ENOENT {
		if _, missing := c.Pool(ctx, pool); missing != nil {
			return nil, missing
		}
	}
	return entries, err
}

// Image describes an image. It answers problem.NotFound only when a listing of the pools, or of the pool's images,
// doesn't have it.
//
// Similar to: rbd info; rbd image-meta list; rbd config image list
func (c *Cluster) Image(ctx context.Context, ref ImageRef) (Image, error) {
	what := fmt.Sprintf("Unable to read image %s of cluster %q.", ref, c.cfg.Label)
	var image Image
	err := c.onImage(ctx, what, ref, func(ctx context.Context, conn Conn) (err error) {
		image, err = conn.Image(ctx, ref)
		return err
	})
	if err != nil {
		return Image{}, err
	}
	splitConfig(&image)
	return image, nil
}

// ImageBehind finds the image that is meant by a name and a remembered identity: the remembered one as long as it exists under any
// name, otherwise the one that has the name now. The pool's and the image's id tell which.
func (c *Cluster) ImageBehind(ctx context.Context, ref ImageRef, poolID int64, id string) (Image, error) {
	named, err := c.Image(ctx, ref)
	if err != nil && !problem.Is(err, problem.NotFound) || err == nil && named.PoolID == poolID && named.ID == id || id == "" || poolID == 0 {
		return named, err
	}
	_, image, byID := c.ImageByID(ctx, poolID, ref.Namespace, id)
	if problem.Is(byID, problem.NotFound) {
		return named, err
	}
	image.PoolID, image.ID = poolID, id
	return image, byID
}

// ImageByID finds an image by what stays the same when its pool or the image itself is renamed. The trash doesn't count.
//
// Similar to: rbd info --image-id
func (c *Cluster) ImageByID(ctx context.Context, poolID int64, namespace, id string) (ImageRef, Image, error) {
	pool, err := c.PoolByID(ctx, poolID)
	if err != nil {
		return ImageRef{}, Image{}, err
	}
	what := fmt.Sprintf("Unable to find the image with id %s in pool %q of cluster %q.", id, pool.Name, c.cfg.Label)
	var name string
	_, err = c.reading(ctx, what, func(ctx context.Context, conn Conn) (err error) {
		name, err = conn.ImageName(ctx, pool.Name, namespace, id)
		return err
	})
	if err != nil {
		return ImageRef{}, Image{}, err
	}
	if name == "" {
		return ImageRef{}, Image{}, &problem.Problem{
			Kind: problem.NotFound,
			What: fmt.Sprintf("Pool %q of cluster %q has no image with id %s.", pool.Name, c.cfg.Label, id),
			Why:  "It was removed, or moved to the trash.",
			Do:   "If that was a mistake, look for it with: rbd trash ls.",
		}
	}
	ref := ImageRef{Pool: pool.Name, Namespace: namespace, Name: name}
	image, err := c.Image(ctx, ref)
	return ref, image, err
}

// ImageContents tells what an image holds, and what depends on it.
//
// Similar to: rbd diff; rbd snap ls; rbd children; rbd status
func (c *Cluster) ImageContents(ctx context.Context, ref ImageRef) (ImageContents, error) {
	relations, err := c.ImageRelations(ctx, ref)
	if err != nil {
		return ImageContents{}, err
	}
	what := fmt.Sprintf("Unable to look into image %s of cluster %q.", ref, c.cfg.Label)
	contents := ImageContents{ImageRelations: relations}
	err = c.onImage(ctx, what, ref, func(_ context.Context, conn Conn) (err error) {
		// Without an object map each object is asked for, so this may take longer than other reads.
		contents.Allocated, err = conn.ImageAllocated(ctx, ref)
		return err
	})
	return contents, err
}

// Watchers lists the clients that have an image open for writing, and with some clients for reading. One whose host
// crashed lingers for about 30 seconds.
//
// Similar to: rbd status
func (c *Cluster) Watchers(ctx context.Context, ref ImageRef) ([]Watcher, error) {
	what := fmt.Sprintf("Unable to list the watchers of image %s of cluster %q.", ref, c.cfg.Label)
	var watchers []Watcher
	err := c.onImage(ctx, what, ref, func(ctx context.Context, conn Conn) (err error) {
		watchers, err = conn.Watchers(ctx, ref)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.nameWatchers(ctx, watchers)
	return watchers, nil
}

// onImage runs a read of an existing image and finds out what an ENOENT means.
func (c *Cluster) onImage(ctx context.Context, what string, ref ImageRef, call func(context.Context, Conn) error) error {
	errno, err := c.reading(ctx, what, call)
	if errno == ENOENT {
		return c.imageMissing(ctx, ref, err)
	}
	return err
}

// imageMissing answers NotFound if the listings don't have the pool, the namespace or the image, and err if they do.
func (c *Cluster) imageMissing(ctx context.Context, ref ImageRef, err error) error {
	entries, listErr := c.Images(ctx, ref.Pool, ref.Namespace)
	if listErr != nil && !problem.Is(listErr, problem.NotFound) {
		return listErr
	}
	for _, entry := range entries {
		if entry.Name == ref.Name {
			return err
		}
	}
	p := &problem.Problem{
		Kind: problem.NotFound,
		What: fmt.Sprintf("Cluster %q has no image %s.", c.cfg.Label, ref),
		Do:   "Create the image, or correct its name, its pool or the cluster.",
	}
	var missingPool *problem.Problem
	if errors.As(listErr, &missingPool) {
		p.Why = missingPool.What
	}
	return p
}

func splitConfig(image *Image) {
	metadata, config := map[string]string{}, map[string]string{}
	for key, value := range image.Metadata {
		if name, ok := strings.CutPrefix(key, configPrefix); ok {
			config[name] = value
		} else {
			metadata[key] = value
		}
	}
	image.Metadata, image.Config = metadata, config
}

// Namespaces lists the RBD namespaces of a pool.
//
// Similar to: rbd namespace ls
func (c *Cluster) Namespaces(ctx context.Context, pool string) ([]string, error) {
	what := fmt.Sprintf("Unable to list the namespaces of pool %q of cluster %q.", pool, c.cfg.Label)
	var names []string
	_, err := c.reading(ctx, what, func(ctx context.Context, conn Conn) (err error) {
		names, err = conn.Namespaces(ctx, pool)
		return err
	})
	return names, err
}

// CreateNamespace creates an RBD namespace. One of that name is problem.Exists.
//
// Similar to: rbd namespace create
func (c *Cluster) CreateNamespace(ctx context.Context, pool, namespace string) error {
	what := fmt.Sprintf("Unable to create namespace %q in pool %q of cluster %q.", namespace, pool, c.cfg.Label)
	return c.on(ctx, what, func(conn Conn) error { return conn.CreateNamespace(ctx, pool, namespace) })
}

// DeleteNamespace removes an RBD namespace without images.
//
// Similar to: rbd namespace remove
func (c *Cluster) DeleteNamespace(ctx context.Context, pool, namespace string) error {
	what := fmt.Sprintf("Unable to remove namespace %q of pool %q of cluster %q.", namespace, pool, c.cfg.Label)
	errno, err := c.onErrno(ctx, what, func(conn Conn) error { return conn.RemoveNamespace(ctx, pool, namespace) })
	var p *problem.Problem
	if errno == EBUSY && errors.As(err, &p) {
		p.Kind, p.Why = problem.Refused, "It still holds images, perhaps only in its trash."
		p.Do = fmt.Sprintf("Look with rbd ls %s/%s and rbd trash ls --all %s/%s, and remove them first.", pool, namespace, pool, namespace)
	}
	return err
}
