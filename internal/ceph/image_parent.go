package ceph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// SnapshotNames returns the names that a snapshot has now, by its identity. Its image may be in the trash, and so may the snapshot itself,
// where clones keep it: then these are the names that they had. Where its pool is gone that is problem.Orphaned.
//
// Similar to: rbd info (the parent of a clone)
func (c *Cluster) SnapshotNames(ctx context.Context, id SnapshotID) (SnapshotRef, error) {
	what := fmt.Sprintf("Unable to name the parent of a clone in cluster %q: snapshot %d of the image with id %s in the pool with id %d.",
		c.cfg.Label, id.SnapshotID, id.ImageID, id.PoolID)
	pool, err := c.PoolByID(ctx, id.PoolID)
	if problem.Is(err, problem.NotFound) {
		return SnapshotRef{}, orphaned(what, id.PoolID)
	}
	if err != nil {
		return SnapshotRef{}, err
	}
	snapshots, _, err := read(ctx, c, what, func(ctx context.Context, conn Conn) (ImageSnapshots, error) {
		found, err := conn.SnapshotsByID(ctx, pool.Name, id.Namespace, id.ImageID)
		if err == nil {
			found.Name, _, err = nameAnywhere(ctx, conn, pool.Name, id.Namespace, id.ImageID)
		}
		return found, err
	})
	if err != nil {
		// librbd opens the parent together with its own parent, and so on.
		if missing, found := c.missingParentPool(ctx, SnapshotID{Namespace: id.Namespace, ImageID: id.ImageID}, pool.Name); found {
			return SnapshotRef{}, orphaned(what, missing)
		}
		return SnapshotRef{}, err
	}
	i := slices.IndexFunc(snapshots.List, func(s ImageSnapshot) bool { return s.ID == id.SnapshotID })
	if i < 0 {
		return SnapshotRef{}, &problem.Problem{
			Kind: problem.Other, What: what, Why: fmt.Sprintf("Image %s has no such snapshot any more.", snapshots.ImageRef),
			Do: "Apply again: the clone has probably been flattened or removed in this moment.",
		}
	}
	return SnapshotRef{snapshots.ImageRef, snapshots.List[i].Name}, nil
}

// explainClone explains what only the create of a clone is refused for, and tells whether it was that.
func (c *Cluster) explainClone(ctx context.Context, spec ImageSpec, errno Errno, p *problem.Problem) bool {
	parent := spec.Parent
	present, missing := c.Snapshot(ctx, parent.Image, parent.Name)
	switch {
	case errno == ENOENT && problem.Is(missing, problem.NotFound):
		p.Why = fmt.Sprintf("The snapshot %s, its parent, has been removed in this moment.", parent)
		p.Do = "Apply again: the next plan shows what is there."
	case errno == EINVAL && missing == nil && !present.Protected && c.makesFormat1(ctx):
		p.Kind = problem.Refused
		p.Why = fmt.Sprintf("The snapshot %s is not protected, and this cluster makes clones of format 1, which need that.", parent)
		p.Do = "Protect the snapshot: protected = true of its ceph_rbd_snapshot. Or, if all clients are of Ceph 13 (Mimic) or newer, let the" +
			" cluster make clones of format 2, which need no protection: ceph osd set-require-min-compat-client mimic; or options = {" +
			" rbd_default_clone_format = \"2\" } for this cluster in the provider block."
	case errno == EXDEV:
		p.Why = "A clone of format 1 has to be in the namespace of its parent."
		p.Do = "Name the parent's namespace, or let the cluster make clones of format 2: ceph osd set-require-min-compat-client mimic."
	case (errno == ENOSYS || errno == EINVAL) && spec.Features != nil && !slices.Contains(spec.Features, "layering"):
		p.Kind = problem.Invalid
		p.Why, p.Do = "A clone needs the feature layering.", "Add \"layering\" to its features, or leave features out."
	default:
		return false
	}
	return true
}

// makesFormat1 tells whether new clones have format 1, as far as the cluster and the provider block say.
func (c *Cluster) makesFormat1(ctx context.Context) bool {
	var dump struct {
		OldestClient string `json:"require_min_compat_client"`
	}
	err := c.mon(ctx, "Unable to find out which clones the cluster makes.", command{"prefix": "osd dump"}, &dump)
	return err == nil && dump.OldestClient < "mimic" && c.cfg.Options["rbd_default_clone_format"] != "2"
}

// FlattenImage gives a clone all the data that it reads from its parent, and ends its dependence on it. A guest that has it open goes on
// writing. It takes as long as the copy of the data; until it has ended, the image stays the clone that it was, and a flatten that was
// interrupted is simply begun anew. An image that is no clone stays as it is.
//
// Similar to: rbd flatten
func (c *Cluster) FlattenImage(ctx context.Context, ref ImageRef) error {
	what := fmt.Sprintf("Unable to flatten image %s of cluster %q.", ref, c.cfg.Label)
	var err error
	c.log.During(ctx, "the copy of the parent's data", ofImage(ref), func() {
		err = c.changeImage(ctx, what, ref, func(conn Conn) error { return conn.FlattenImage(ctx, ref) })
	})
	var p *problem.Problem
	if errors.As(err, &p) && ctx.Err() != nil {
		p.Why = strings.TrimSpace(p.Why + " The copy takes the longer the more data the parent has. What is copied already stays, and the image" +
			" reads the rest from its parent.")
		p.Do = strings.TrimSpace(p.Do + " Raise create and update in timeouts, and apply again: the copy goes on where it was.")
	}
	if problem.Is(err, problem.Invalid) {
		if image, again := c.Image(ctx, ref); again == nil && image.Parent == nil {
			return nil
		}
	}
	return err
}
