package ceph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// ImageEntry is an image in a listing. ID is empty for images of format 1.
type ImageEntry struct {
	Name string
	ID   string
}

// Images lists the images of a namespace (empty for the default one), sorted by name.
//
// Similar to: rbd ls
func (c *Cluster) Images(ctx context.Context, pool, namespace string) ([]ImageEntry, error) {
	what := fmt.Sprintf("Unable to list the images of pool %q of cluster %q.", pool, c.cfg.Label)
	entries, errno, err := read(ctx, c, what, func(ctx context.Context, conn Conn) ([]ImageEntry, error) {
		return conn.Images(ctx, pool, namespace)
	})
	if errno == ENOENT {
		if _, missing := c.Pool(ctx, pool); missing != nil {
			return nil, missing
		}
	}
	return entries, err
}

// ImageFilter selects images of a cluster.
type ImageFilter struct {
	Pool      string            // empty: every pool that may hold images
	Namespace *string           // nil: all of them; an empty one is the default namespace
	Name      func(string) bool // nil: every name
	Wanted    int64             // how many the caller visits at most, so that no more are read at a time; 0: all
}

// ListedImage is an image with its name.
type ListedImage struct {
	ImageRef
	Image
}

// imagesAtATime is how many images are read before they are visited: it bounds what a listing keeps in memory.
const imagesAtATime = 256

// VisitImages calls visit for each image, in the order of pools, namespaces and names, until it returns false. Images are read from their
// headers, many at a time; only those are opened, read-only, whose header does not tell all. An image that is removed meanwhile is left
// out. One that is listed and can't be read is an error that names it: a listing without it would look as if it were gone.
//
// Similar to: rbd ls; rbd info and rbd image-meta list of each image
func (c *Cluster) VisitImages(ctx context.Context, filter ImageFilter, visit func(ListedImage) bool) error {
	listed, err := c.namesOfImages(ctx, filter)
	if err != nil {
		return err
	}
	atATime := imagesAtATime
	if filter.Wanted > 0 {
		atATime = int(min(filter.Wanted, imagesAtATime))
	}
	for _, names := range listed {
		for some := range slices.Chunk(names.entries, atATime) {
			images, err := c.readImages(ctx, names.pool, names.namespace, some)
			if err != nil {
				return err
			}
			for _, image := range images {
				if !visit(image) {
					return nil
				}
			}
		}
	}
	return nil
}

// imageNames are images of one namespace.
type imageNames struct {
	pool, namespace string
	entries         []ImageEntry
}

// namesOfImages lists the images that a filter selects, in order.
func (c *Cluster) namesOfImages(ctx context.Context, filter ImageFilter) ([]imageNames, error) {
	what := fmt.Sprintf("Unable to list the images of cluster %q.", c.cfg.Label)
	if filter.Pool != "" {
		pool, err := c.Pool(ctx, filter.Pool)
		if err != nil {
			return nil, err
		}
		return c.namesInPool(ctx, pool, filter)
	}
	pools, err := c.imagePools(ctx, what)
	if err != nil {
		return nil, err
	}
	return inPools(ctx, c, what, pools, func(pool Pool) ([]imageNames, error) { return c.namesInPool(ctx, pool, filter) })
}

func (c *Cluster) namesInPool(ctx context.Context, pool Pool, filter ImageFilter) ([]imageNames, error) {
	if pool.Type == Erasure {
		return nil, nil // It can hold data of images, but no image.
	}
	namespaces := []string{""}
	if filter.Namespace == nil || *filter.Namespace != "" {
		named, err := c.Namespaces(ctx, pool.Name)
		if err != nil {
			return nil, err
		}
		namespaces = append(namespaces, named...)
	}
	var found []imageNames
	for _, namespace := range namespaces {
		if filter.Namespace != nil && *filter.Namespace != namespace {
			continue
		}
		entries, err := c.Images(ctx, pool.Name, namespace)
		if err != nil {
			return nil, err
		}
		if filter.Name != nil {
			entries = slices.DeleteFunc(entries, func(e ImageEntry) bool { return !filter.Name(e.Name) })
		}
		found = append(found, imageNames{pool.Name, namespace, entries})
	}
	return found, nil
}

// readImages reads images of one namespace from their headers, and opens those whose header doesn't tell all.
func (c *Cluster) readImages(ctx context.Context, pool, namespace string, entries []ImageEntry) ([]ListedImage, error) {
	what := fmt.Sprintf("Unable to read the images of pool %q of cluster %q.", pool, c.cfg.Label)
	var ids []string
	for _, entry := range entries {
		if entry.ID != "" {
			ids = append(ids, entry.ID)
		}
	}
	told, errno, err := read(ctx, c, what, func(ctx context.Context, conn Conn) (map[string]Image, error) {
		return conn.ImageHeaders(ctx, pool, namespace, ids)
	})
	if err != nil && errno != ENOENT {
		return nil, err
	}
	var images []ListedImage
	var rest []ImageRef
	for _, entry := range entries {
		ref := ImageRef{pool, namespace, entry.Name}
		if image, ok := told[entry.ID]; ok {
			splitConfig(&image)
			images = append(images, ListedImage{ref, image})
		} else {
			rest = append(rest, ref)
		}
	}
	opened, err := c.openImages(ctx, rest)
	if err != nil {
		return nil, err
	}
	images = append(images, opened...)
	slices.SortFunc(images, func(a, b ListedImage) int { return cmp.Compare(a.Name, b.Name) })
	return images, nil
}

// openImages opens images one by one. Those that don't exist any more are left out.
func (c *Cluster) openImages(ctx context.Context, refs []ImageRef) ([]ListedImage, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	var failed []string
	var reason error
	images, err := gather(refs, func(ref ImageRef) ([]ListedImage, error) {
		image, err := c.Image(ctx, ref)
		switch {
		case err == nil:
			return []ListedImage{{ref, image}}, nil
		case problem.Is(err, problem.NotFound):
			return nil, nil
		case ctx.Err() != nil, problem.Is(err, problem.Unreachable):
			cancel() // The others would wait as long.
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		failed, reason = append(failed, ref.String()), err
		return nil, nil
	})
	if err == nil && len(failed) > 0 {
		err = c.notRead(failed, reason)
	}
	return images, err
}

// notRead is the error of images that are listed but can't be read.
func (c *Cluster) notRead(failed []string, reason error) error {
	var p *problem.Problem
	if !errors.As(reason, &p) {
		return reason
	}
	slices.Sort(failed)
	return &problem.Problem{
		Kind: p.Kind,
		What: fmt.Sprintf("Images of cluster %q are listed and can't be read: %s.", c.cfg.Label, strings.Join(firstOf(failed, 20), ", ")),
		Why:  fmt.Sprintf("A list without them would look as if they were gone. %s", p.Why),
		Do: "See what rbd info says of them. One whose removal was interrupted stays in the list until rbd rm has ended it. Or choose the other" +
			" images, by pool, namespace or name.",
		Raw: p.Raw,
	}
}
