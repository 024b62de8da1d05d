package ceph

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// Namespace is an RBD namespace of a pool: images in it have their own names, and a user's capabilities can end at it.
type Namespace struct {
	Pool   string
	PoolID int64
	Name   string
}

// String is POOL/NAMESPACE, as the rbd command takes it.
func (n Namespace) String() string { return n.Pool + "/" + n.Name }

// NamespaceContents is what an RBD namespace holds, found by listing. Each are names.
type NamespaceContents struct{ Images, Trash, Groups []string }

// Empty tells whether nothing would be lost if the namespace were removed.
func (c NamespaceContents) Empty() bool { return len(c.Images)+len(c.Trash)+len(c.Groups) == 0 }

// Summary says in words what the namespace holds, for a message.
func (c NamespaceContents) Summary() string {
	return inWords(
		counted(c.Images, "image", "images"),
		counted(c.Trash, "image in the trash", "images in the trash"),
		counted(c.Groups, "group of images", "groups of images"))
}

// Namespaces lists the RBD namespaces of a pool, sorted by name.
//
// Similar to: rbd namespace ls
func (c *Cluster) Namespaces(ctx context.Context, pool string) ([]string, error) {
	what := fmt.Sprintf("Unable to list the namespaces of pool %q of cluster %q.", pool, c.cfg.Label)
	names, errno, err := read(ctx, c, what, func(ctx context.Context, conn Conn) ([]string, error) {
		return conn.Namespaces(ctx, pool)
	})
	if errno == ENOENT {
		if _, missing := c.Pool(readcache.Afresh(ctx), pool); missing != nil {
			return nil, missing
		}
	}
	return names, err
}

// AllNamespaces lists the RBD namespaces of one pool, or where its name is empty of all pools that may hold images, in the order of pools
// and names.
//
// Similar to: rbd namespace ls
func (c *Cluster) AllNamespaces(ctx context.Context, pool string) ([]Namespace, error) {
	what := fmt.Sprintf("Unable to list the namespaces of cluster %q.", c.cfg.Label)
	in := func(pool Pool) ([]Namespace, error) {
		names, err := c.Namespaces(ctx, pool.Name)
		found := make([]Namespace, len(names))
		for i, name := range names {
			found[i] = Namespace{pool.Name, pool.ID, name}
		}
		return found, err
	}
	if pool != "" {
		only, err := c.Pool(ctx, pool)
		if err != nil {
			return nil, err
		}
		return in(only)
	}
	pools, err := c.imagePools(ctx, what)
	if err != nil {
		return nil, err
	}
	return inPools(ctx, c, what, pools, in)
}

// Namespace reads an RBD namespace of a pool that is known by its name. Where either is missing that is problem.NotFound.
//
// Similar to: rbd namespace ls
func (c *Cluster) Namespace(ctx context.Context, pool, name string) (Namespace, error) {
	found, err := c.Pool(ctx, pool)
	if err != nil {
		return Namespace{}, err
	}
	names, err := c.Namespaces(ctx, pool)
	if err == nil && !slices.Contains(names, name) {
		err = c.noNamespace(pool, name, names)
	}
	return Namespace{pool, found.ID, name}, err
}

// NamespaceByID reads an RBD namespace of a pool that is known by its id, which a rename doesn't change. Where either is missing that is
// problem.NotFound. A refresh reads the namespaces of a pool once for all that it has.
//
// Similar to: rbd namespace ls
func (c *Cluster) NamespaceByID(ctx context.Context, poolID int64, name string) (Namespace, error) {
	pool, err := c.PoolByID(ctx, poolID)
	if err != nil {
		return Namespace{}, err
	}
	names, err := c.namespaces.Get(ctx, poolID, func(ctx context.Context) ([]string, error) { return c.Namespaces(ctx, pool.Name) })
	if err == nil && slices.Contains(names, name) {
		return Namespace{pool.Name, poolID, name}, nil
	}
	if problem.NoAnswer(err) {
		return Namespace{}, err
	}
	// A shared listing of the pools may be from before a rename, and proves nothing.
	ctx = readcache.Afresh(ctx)
	if pool, err = c.PoolByID(ctx, poolID); err != nil {
		return Namespace{}, err
	}
	found, err := c.Namespace(ctx, pool.Name, name)
	if err == nil && found.PoolID != poolID {
		err = &problem.Problem{
			Kind: problem.Other,
			What: fmt.Sprintf("Unable to read namespace %q of the pool with id %d of cluster %q.", name, poolID, c.cfg.Label),
			Why:  fmt.Sprintf("Pool %q was renamed, and another one took its name, while it was read.", pool.Name),
			Do:   "Apply again.",
		}
	}
	return found, err
}

func (c *Cluster) noNamespace(pool, name string, names []string) error {
	return notThere(fmt.Sprintf("Pool %q of cluster %q has no namespace %q.", pool, c.cfg.Label, name), "It has none at all.", "It has", names,
		"Correct the name, or create the namespace.")
}

// CreateNamespace creates an RBD namespace. created tells that it exists now and is the caller's. One of that name is problem.Exists and
// stays as it is. A pool without enough OSDs is problem.Unserved.
//
// Similar to: rbd namespace create
func (c *Cluster) CreateNamespace(ctx context.Context, pool, name string) (created bool, err error) {
	ns := Namespace{Pool: pool, Name: name}
	what := fmt.Sprintf("Unable to create namespace %s in cluster %q.", ns, c.cfg.Label)
	if err := c.refuseUnserved(ctx, what, pool, "", "rbd_namespace"); err != nil {
		return false, err
	}
	if err := c.refuseUnserved(ctx, what, pool, name, "rbd_directory"); err != nil {
		return false, err
	}
	release, err := c.claim(ctx, what, namespaceKind, ns.String())
	if err != nil {
		return false, err
	}
	defer release()
	names, err := c.Namespaces(ctx, pool)
	if err != nil {
		return false, err
	}
	in, wasMissing, remark := newIntent(namespaceKind, ns.String(), ""), !slices.Contains(names, name), ""
	if wasMissing {
		c.intend(ctx, in)
	} else {
		var takenUp bool
		takenUp, remark = c.takesUp(ctx, in, func() bool {
			contents, err := c.NamespaceContents(ctx, ns)
			return err == nil && contents.Empty()
		})
		if takenUp {
			return true, nil
		}
	}
	defer c.namespaces.Changing()()
	errno, err := c.callErrno(ctx, what, func(conn Conn) error { return conn.CreateNamespace(ctx, pool, name) })
	if problem.Unanswered(err) {
		names, recheckErr := recheck(ctx, func(ctx context.Context) ([]string, error) { return c.Namespaces(ctx, pool) })
		if wasMissing && recheckErr == nil && slices.Contains(names, name) {
			c.recordMade(ctx, in)
			return true, nil
		}
		return false, outcomeUnknown(err, mayStillBe("namespace"))
	}
	if err != nil {
		if wasMissing { // otherwise what is recorded of it is another create's
			c.forget(ctx, in)
		}
		return false, c.explainCreateNamespace(err, errno, ns, remark)
	}
	c.recordMade(ctx, in)
	return true, nil
}

func (c *Cluster) explainCreateNamespace(err error, errno Errno, ns Namespace, remark string) error {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	switch errno {
	case EEXIST:
		p.Why = "A namespace of this name exists already. It was left as it is."
		p.Do = c.importInstead("namespace", "ceph_rbd_namespace", ns.String())
		return withRemark(p, remark)
	case EINVAL, EOPNOTSUPP:
		p.Kind, p.Why = problem.Invalid, fmt.Sprintf("Pool %q can't hold namespaces for images.", ns.Pool)
		p.Do = "Use a replicated pool with the application rbd: an erasure-coded pool can hold the data of images only."
	}
	return err
}

// NamespaceContents lists what an RBD namespace holds.
//
// Similar to: rbd ls; rbd trash ls --all; rbd group ls
func (c *Cluster) NamespaceContents(ctx context.Context, ns Namespace) (NamespaceContents, error) {
	what := fmt.Sprintf("Unable to find out what namespace %s of cluster %q holds.", ns, c.cfg.Label)
	contents, _, err := read(ctx, c, what, func(ctx context.Context, conn Conn) (NamespaceContents, error) {
		images, err := conn.Images(ctx, ns.Pool, ns.Name)
		if err != nil {
			return NamespaceContents{}, err
		}
		trash, err := conn.Trash(ctx, ns.Pool, ns.Name)
		if err != nil {
			return NamespaceContents{}, err
		}
		groups, err := conn.Groups(ctx, ns.Pool, ns.Name)
		return NamespaceContents{Images: entryNames(images), Trash: entryNames(trash), Groups: groups}, err
	})
	return contents, err
}

func entryNames(entries []ImageEntry) []string {
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name
	}
	return names
}

// DeleteNamespace removes an RBD namespace, with groups of images that are in it: librbd only minds its images. One that is gone already is
// no error.
//
// Similar to: rbd namespace remove
func (c *Cluster) DeleteNamespace(ctx context.Context, ns Namespace) error {
	what := fmt.Sprintf("Unable to remove namespace %s of cluster %q.", ns, c.cfg.Label)
	defer c.namespaces.Changing()()
	errno, err := c.callErrno(ctx, what, func(conn Conn) error { return conn.RemoveNamespace(ctx, ns.Pool, ns.Name) })
	var p *problem.Problem
	switch {
	case errno == ENOENT:
		return nil
	case (errno == EBUSY || errno == ENOTEMPTY) && errors.As(err, &p):
		p.Kind, p.Why = problem.Refused, "It still holds images, perhaps only in its trash."
		p.Do = fmt.Sprintf("Look with rbd ls %[1]s and rbd trash ls --all %[1]s, and remove them first.", problem.Word(ns.String()))
	}
	return err
}
