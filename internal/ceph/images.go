package ceph

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

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

// ImageContents tells what an image holds.
//
// Similar to: rbd diff; rbd snap ls; rbd children; rbd status
func (c *Cluster) ImageContents(ctx context.Context, ref ImageRef) (ImageContents, error) {
	what := fmt.Sprintf("Unable to look into image %s of cluster %q.", ref, c.cfg.Label)
	var contents ImageContents
	err := c.onImage(ctx, what, ref, func(_ context.Context, conn Conn) (err error) {
		// Without an object map each object is asked for, so this may take longer than other reads.
		contents, err = conn.ImageContents(ctx, ref)
		return err
	})
	if err != nil {
		return ImageContents{}, err
	}
	c.nameWatchers(ctx, contents.Watchers)
	return contents, nil
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

// The time that a watcher of a crashed client may stay, and how often it is looked for.
const (
	lingering     = 40 * time.Second
	lingeringStep = time.Second
)

// DeleteImage removes an image with its data. It first waits up to 40 seconds (or until ctx ends) for watchers to go, as
// those of a crashed host do; then they are problem.Busy, by their addresses. Snapshots are problem.Refused, unless they are
// to go too. An image that is gone already is no error.
//
// Similar to: rbd rm; rbd snap purge
func (c *Cluster) DeleteImage(ctx context.Context, ref ImageRef, withSnapshots bool) error {
	what := fmt.Sprintf("Unable to delete image %s of cluster %q.", ref, c.cfg.Label)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	deadline := time.NewTimer(lingering)
	defer deadline.Stop()
	var watchers []Watcher
	for {
		// The removal itself would ask a live owner to give up the image's lock, so watchers are looked at first.
		found, err := c.Watchers(ctx, ref)
		if problem.Is(err, problem.NotFound) {
			return nil
		}
		if err != nil && ctx.Err() != nil && len(watchers) > 0 {
			return c.watched(what, watchers) // the time is up, and this is what it was spent on
		}
		if err != nil {
			return err
		}
		watchers = found
		if len(watchers) == 0 {
			if withSnapshots {
				if err := c.PurgeSnapshots(ctx, ref); err != nil {
					return err
				}
			}
			errno, err := c.onErrno(ctx, what, func(conn Conn) error { return conn.RemoveImage(ctx, ref) })
			if errno != EBUSY {
				return c.explainRemove(ctx, ref, errno, err)
			}
		}
		step := time.NewTimer(lingeringStep)
		select {
		case <-step.C:
		case <-deadline.C:
			step.Stop()
			return c.watched(what, watchers)
		case <-ctx.Done():
			step.Stop()
			if len(watchers) > 0 {
				return c.watched(what, watchers)
			}
			return c.failed(what, "", ctx.Err())
		}
	}
}

func (c *Cluster) explainRemove(ctx context.Context, ref ImageRef, errno Errno, err error) error {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	switch errno {
	case ENOENT:
		if missing := c.imageMissing(ctx, ref, err); problem.Is(missing, problem.NotFound) {
			return nil
		}
	case ENOTEMPTY:
		p.Kind, p.Why = problem.Refused, "The image has snapshots, or got a new one in this moment."
		p.Do = fmt.Sprintf("Remove them (rbd snap purge %s), or set force_destroy and apply before you destroy; then destroy again.", ref)
	}
	return err
}

func (c *Cluster) watched(what string, watchers []Watcher) error {
	if len(watchers) == 0 {
		return &problem.Problem{
			Kind: problem.Busy, What: what,
			Why: "Another operation on the image (a migration, a group, a mirror, another removal) holds it.",
			Do:  "Wait until that has ended, then apply again.",
		}
	}
	return &problem.Problem{
		Kind: problem.Busy, What: what,
		Why: fmt.Sprintf("It is in use by %s.", DescribeWatchers(watchers)),
		Do:  "Detach the disk from the guest, or unmap it from the host, at that address. A client that crashed goes by itself within about 30 seconds.",
	}
}

// DescribeWatchers lists watchers for a message, as in "client.libvirt at 192.0.2.7:0/1234".
func DescribeWatchers(watchers []Watcher) string {
	list := make([]string, 0, len(watchers))
	for _, w := range watchers {
		if w.Entity != "" {
			list = append(list, fmt.Sprintf("%s at %s", w.Entity, w.Addr))
		} else {
			list = append(list, w.Addr)
		}
	}
	return strings.Join(firstOf(list, 5), ", ")
}

// PurgeSnapshots removes all snapshots of an image, protected ones too. Snapshots with clones are problem.Busy.
//
// Similar to: rbd snap unprotect; rbd snap purge
func (c *Cluster) PurgeSnapshots(ctx context.Context, ref ImageRef) error {
	what := fmt.Sprintf("Unable to remove the snapshots of image %s of cluster %q.", ref, c.cfg.Label)
	errno, err := c.onErrno(ctx, what, func(conn Conn) error { return conn.RemoveSnapshots(ctx, ref) })
	var p *problem.Problem
	if errno == EBUSY && errors.As(err, &p) {
		p.Why = "A snapshot has clones."
		p.Do = fmt.Sprintf("Flatten or remove the clones first: rbd children --all %s.", ref)
	}
	return err
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
	return c.on(ctx, what, func(conn Conn) error { return conn.RemoveNamespace(ctx, pool, namespace) })
}
