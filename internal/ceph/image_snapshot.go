package ceph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// ImageSnapshots are the snapshots of an image, oldest first.
type ImageSnapshots struct {
	ImageRef

	PoolID int64
	ID     string // of the image
	List   []ImageSnapshot
}

// users returns the snapshots that somebody made. Those of groups, of mirroring and of the trash are librbd's own.
func (s ImageSnapshots) users() []Snapshot {
	var made []Snapshot
	for _, snapshot := range s.List {
		if snapshot.Kind == UserSnapshot {
			made = append(made, Snapshot{s.ImageRef, s.PoolID, s.ID, snapshot})
		}
	}
	return made
}

// user returns the snapshot that somebody made and that is the one that is looked for.
func (s ImageSnapshots) user(is func(Snapshot) bool) (Snapshot, bool) {
	made := s.users()
	if i := slices.IndexFunc(made, is); i >= 0 {
		return made[i], true
	}
	return Snapshot{}, false
}

// Snapshot is a snapshot that somebody made of an image. PoolID and ImageID stay when the pool or the image is renamed.
type Snapshot struct {
	Image ImageRef

	PoolID  int64
	ImageID string
	ImageSnapshot
}

// String is POOL/IMAGE@SNAPSHOT or POOL/NAMESPACE/IMAGE@SNAPSHOT, as the rbd command takes it.
func (s Snapshot) String() string { return snapshotName(s.Image, s.Name) }

// Identity is what stays when the snapshot, its image or its pool gets another name.
func (s Snapshot) Identity() SnapshotID {
	return SnapshotID{s.PoolID, s.Image.Namespace, s.ImageID, s.ID}
}

func snapshotName(ref ImageRef, name string) string { return ref.String() + "@" + name }

// imageKey is an image by the ids that a rename doesn't change.
type imageKey struct {
	poolID        int64
	namespace, id string
}

// Snapshot reads a snapshot by its name. Where it or its image is missing that is problem.NotFound.
//
// Similar to: rbd snap ls
func (c *Cluster) Snapshot(ctx context.Context, ref ImageRef, name string) (Snapshot, error) {
	snapshots, err := c.listSnapshots(ctx, ref)
	if err != nil {
		return Snapshot{}, err
	}
	found, ok := snapshots.user(func(s Snapshot) bool { return s.Name == name })
	if !ok {
		return Snapshot{}, c.noSnapshot(fmt.Sprintf("Image %s of cluster %q has no snapshot %q.", ref, c.cfg.Label, name), snapshots)
	}
	return found, nil
}

// SnapshotByID reads a snapshot by its id and those of its image and its pool, whatever their names are now. Where one of them is missing
// that is problem.NotFound. A refresh opens an image once for all its snapshots.
//
// Similar to: rbd snap ls
func (c *Cluster) SnapshotByID(ctx context.Context, poolID int64, namespace, imageID string, id uint64) (Snapshot, error) {
	image := imageKey{poolID, namespace, imageID}
	snapshots, err := c.snapshots.Get(ctx, image, func(ctx context.Context) (ImageSnapshots, error) { return c.snapshotsByID(ctx, image) })
	if err == nil {
		if found, ok := snapshots.user(func(s Snapshot) bool { return s.ID == id }); ok {
			return found, nil
		}
	}
	switch {
	case readcache.Shared(ctx) && !problem.NoAnswer(err):
		return c.SnapshotByID(readcache.Afresh(ctx), poolID, namespace, imageID, id) // a shared reading proves nothing
	case err != nil:
		return Snapshot{}, err
	}
	what := fmt.Sprintf("Image %s of cluster %q has no snapshot with id %d.", snapshots.ImageRef, c.cfg.Label, id)
	return Snapshot{}, c.noSnapshot(what, snapshots)
}

// snapshotsByID lists the snapshots of an image that is known by its id. That it isn't there under the name that it had a moment ago is no
// proof that it is missing.
func (c *Cluster) snapshotsByID(ctx context.Context, image imageKey) (ImageSnapshots, error) {
	ref, _, err := c.ImageByID(ctx, image.poolID, image.namespace, image.id)
	if problem.Is(err, problem.NotFound) {
		err = c.unlessMigrating(ctx, image, err)
	}
	if err != nil {
		return ImageSnapshots{}, err
	}
	snapshots, err := c.listSnapshots(ctx, ref)
	if problem.Is(err, problem.NotFound) || err == nil && (snapshots.PoolID != image.poolID || snapshots.ID != image.id) {
		err = &problem.Problem{
			Kind: problem.Other,
			What: fmt.Sprintf("Unable to list the snapshots of image %s of cluster %q.", ref, c.cfg.Label),
			Why:  "The image was renamed or removed while it was read.",
			Do:   "Apply again.",
		}
	}
	return snapshots, err
}

// unlessMigrating returns the error that an image is missing, unless it is on its way to another place, from where it may come back.
func (c *Cluster) unlessMigrating(ctx context.Context, image imageKey, missing error) error {
	pool, err := c.poolName(ctx, image.poolID)
	if err != nil {
		return err // perhaps that the pool is missing too
	}
	what := fmt.Sprintf("Unable to find out whether the image with id %s in pool %q of cluster %q is being migrated.", image.id, pool,
		c.cfg.Label)
	var migration *Migration
	_, err = c.read(ctx, what, func(ctx context.Context, conn Conn) (err error) {
		migration, err = conn.ImageMigration(ctx, pool, image.namespace, image.id)
		return err
	})
	if err != nil || migration == nil {
		return cmp.Or(err, missing)
	}
	return &problem.Problem{
		Kind: problem.Busy,
		What: fmt.Sprintf("The image with id %s in pool %q of cluster %q is being migrated.", image.id, pool, c.cfg.Label),
		Why:  "Its snapshots go with it, and get other ids at the other end.",
		Do: "End the migration with rbd migration execute and rbd migration commit, and import the snapshots again; or with rbd migration" +
			" abort, after which nothing has changed.",
	}
}

func (c *Cluster) listSnapshots(ctx context.Context, ref ImageRef) (snapshots ImageSnapshots, err error) {
	what := fmt.Sprintf("Unable to list the snapshots of image %s of cluster %q.", ref, c.cfg.Label)
	err = c.readImage(ctx, what, ref, func(ctx context.Context, conn Conn) (err error) {
		snapshots, err = conn.Snapshots(ctx, ref)
		return err
	})
	return snapshots, err
}

func (c *Cluster) noSnapshot(what string, snapshots ImageSnapshots) error {
	var names []string
	for _, s := range snapshots.users() {
		names = append(names, s.Name)
	}
	return notThere(what, "It has none at all.", "It has", names, "Correct the name, or create the snapshot.")
}

// VisitSnapshots calls visit for the snapshots that somebody made of the images that a filter selects, in the order of the images' names
// and of the snapshots' ages, until it returns false. An image that is removed meanwhile is left out.
//
// Similar to: rbd ls; rbd snap ls of each image
func (c *Cluster) VisitSnapshots(ctx context.Context, filter ImageFilter, visit func(Snapshot) bool) error {
	listed, err := c.namesOfImages(ctx, filter)
	if err != nil {
		return err
	}
	for _, names := range listed {
		for some := range slices.Chunk(names.entries, imagesAtATime) {
			found, err := gather(some, func(entry ImageEntry) ([]ImageSnapshots, error) {
				snapshots, err := c.listSnapshots(ctx, ImageRef{names.pool, names.namespace, entry.Name})
				if problem.Is(err, problem.NotFound) {
					return nil, nil
				}
				return []ImageSnapshots{snapshots}, err
			})
			if err != nil {
				return err
			}
			for _, snapshots := range found {
				if slices.ContainsFunc(snapshots.users(), func(s Snapshot) bool { return !visit(s) }) {
					return nil
				}
			}
		}
	}
	return nil
}

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
		c.forget(ctx, in)
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
			" %[1]s; rbd snap limit clear %[1]s ends it.", ref)
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
