package ceph

import (
	"context"
	"errors"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// CreateSnapshot creates a snapshot of an image, which may be in use, and protects it if that is wanted. created tells that the snapshot
// exists, also when the second step failed. One of that name is problem.Exists and stays as it is.
//
// Similar to: rbd snap create; rbd snap protect
func (c *Cluster) CreateSnapshot(ctx context.Context, ref ImageRef, name string, protected bool) (created bool, err error) {
	full := snapshotName(ref, name)
	what := fmt.Sprintf("Unable to create snapshot %s in cluster %q.", full, c.cfg.Label)
	release, err := c.claim(ctx, what, snapshotKind, full)
	if err != nil {
		return false, err
	}
	defer release()
	image, err := c.changeable(ctx, ref)
	if err != nil {
		return false, err
	}
	if err := c.refuseUnserved(ctx, what, ref.Pool, ref.Namespace, "rbd_header."+image.ID); err != nil {
		return false, err
	}
	in, remark := newIntent(snapshotKind, full, ""), ""
	before := ImageSnapshots{ref, image.PoolID, image.ID, image.Snapshots}
	former, exists := before.user(func(s Snapshot) bool { return s.Name == name })
	if !exists {
		c.intend(ctx, in)
	} else {
		var takenUp bool
		takenUp, remark = c.takesUp(ctx, in, func() bool {
			return c.refuseLoss(ctx, what, former) == nil // nothing has been made of it
		})
		if takenUp {
			return true, c.protectSnapshot(ctx, former, protected)
		}
	}
	defer c.snapshots.Changing()()
	errno, err := c.callErrno(ctx, what, func(conn Conn) error { return conn.CreateSnapshot(ctx, ref, name) })
	if problem.Unanswered(err) {
		_, again := recheck(ctx, func(ctx context.Context) (Snapshot, error) { return c.Snapshot(ctx, ref, name) })
		if exists || again != nil {
			return false, outcomeUnknown(err, mayStillBe("snapshot"))
		}
		err = nil
	}
	if err != nil {
		if !exists { // otherwise what is recorded of it is another create's
			c.forget(ctx, in)
		}
		return false, c.explainCreateSnapshot(err, errno, ref, name, remark)
	}
	c.recordMade(ctx, in)
	return true, c.protectSnapshot(ctx, Snapshot{Image: ref, ImageSnapshot: ImageSnapshot{Name: name}}, protected)
}

func (c *Cluster) explainCreateSnapshot(err error, errno Errno, ref ImageRef, name, remark string) error {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	switch errno {
	case EEXIST:
		p.Why = "A snapshot of this name exists already. It was left as it is."
		p.Do = c.importInstead("snapshot", "ceph_rbd_snapshot", snapshotName(ref, name))
		return withRemark(p, remark)
	case EDQUOT:
		p.Kind, p.Why = problem.Refused, "The image has as many snapshots as its own limit allows, or its pool's quota is used up."
		p.Do = fmt.Sprintf("Remove snapshots that are no longer needed (rbd snap ls %[1]s), or raise the limit: rbd snap limit set --limit N"+
			" %[1]s; rbd snap limit clear %[1]s ends it.", problem.Word(ref.String()))
	}
	return err
}

// SetSnapshotProtection protects a snapshot, so that clones of format 1 can be made of it and it can't be removed, or ends that. While
// clones hang on it, the end is problem.Refused, with their names.
//
// Similar to: rbd snap protect; rbd snap unprotect
func (c *Cluster) SetSnapshotProtection(ctx context.Context, s Snapshot, protected bool) error {
	var err error
	if protected {
		err = c.CheckImageChange(ctx, s.Image)
	} else {
		err = c.refuseLoss(ctx, fmt.Sprintf("The protection of snapshot %s of cluster %q can't be ended.", s, c.cfg.Label), s)
	}
	if err != nil {
		return err
	}
	return c.protectSnapshot(ctx, s, protected)
}

func (c *Cluster) protectSnapshot(ctx context.Context, s Snapshot, protected bool) error {
	if s.Protected == protected {
		return nil
	}
	what := fmt.Sprintf("Unable to set the protection of snapshot %s of cluster %q to %t.", s, c.cfg.Label, protected)
	defer c.snapshots.Changing()()
	errno, err := c.callErrno(ctx, what, func(conn Conn) error { return conn.ProtectSnapshot(ctx, s.Image, s.Name, protected) })
	var p *problem.Problem
	switch {
	case protected && errno == EBUSY, !protected && errno == EINVAL:
		return nil // somebody has done it meanwhile
	case protected && errno == ENOSYS && errors.As(err, &p):
		p.Kind, p.Why = problem.Invalid, "The image lacks the feature layering, without which it has no clones to protect a snapshot for."
		p.Do = "Leave protected out."
		return err
	case !protected:
		return explainUnprotect(err, errno, s.Image, s.Name)
	}
	return err
}

// RenameSnapshot renames a snapshot. One that already has the name is problem.Exists.
//
// Similar to: rbd snap rename
func (c *Cluster) RenameSnapshot(ctx context.Context, s Snapshot, name string) error {
	what := fmt.Sprintf("Unable to rename snapshot %s of cluster %q to %q.", s, c.cfg.Label, name)
	if err := c.CheckImageChange(ctx, s.Image); err != nil {
		return err
	}
	defer c.snapshots.Changing()()
	return c.call(ctx, what, func(conn Conn) error { return conn.RenameSnapshot(ctx, s.Image, s.Name, name) })
}

// DeleteSnapshot removes a snapshot and its protection. While clones hang on it, that is problem.Refused, with their names, and nothing is
// changed: librbd itself would only move one of format 2 out of sight. One that is gone already is no error.
//
// Similar to: rbd snap unprotect; rbd snap rm
func (c *Cluster) DeleteSnapshot(ctx context.Context, s Snapshot) error {
	if err := c.CheckSnapshotRemoval(ctx, s); err != nil {
		return err
	}
	defer c.snapshots.Changing()()
	return c.purgeSnapshots(ctx, s.Image, ImageRelations{Snapshots: []ImageSnapshot{s.ImageSnapshot}})
}

// CheckSnapshotRemoval asks what [Cluster.DeleteSnapshot] asks first.
func (c *Cluster) CheckSnapshotRemoval(ctx context.Context, s Snapshot) error {
	return c.refuseLoss(ctx, fmt.Sprintf("Snapshot %s of cluster %q can't be removed.", s, c.cfg.Label), s)
}

// refuseLoss refuses what a snapshot's clones, or the state of its image, don't allow.
func (c *Cluster) refuseLoss(ctx context.Context, what string, s Snapshot) error {
	relations, err := c.ImageRelations(ctx, s.Image)
	if err != nil {
		return err
	}
	var names []string
	for _, clone := range relations.Clones {
		if clone.SnapshotID == s.ID {
			names = append(names, clone.String())
		}
	}
	obstacles := relations.againstChange(s.Image)
	if len(names) > 0 {
		obstacles = append(obstacles, obstacle{
			fmt.Sprintf("it has %s, whose data is in it", counted(names, "clone", "clones")),
			"give the clones their own data (rbd flatten CLONE), or remove them; one in the trash is restored first (rbd trash restore)",
		})
	}
	return refuseObstacles(what, obstacles, "Nothing was changed.")
}
