package ceph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// SnapshotKind tells whose a snapshot is: librbd's namespaces of snapshots.
type SnapshotKind int

// The kinds of snapshots.
const (
	UserSnapshot   SnapshotKind = iota // made with rbd snap create
	GroupSnapshot                      // part of the snapshot of a group
	TrashSnapshot                      // removed already, and kept for its clones
	MirrorSnapshot                     // made by mirroring, which removes it
)

// ImageSnapshot is a snapshot of an image.
type ImageSnapshot struct {
	ID        uint64
	Name      string // of one in the trash, the name that it had
	Kind      SnapshotKind
	Group     string // POOL/GROUP@SNAPSHOT of a group's snapshot
	Protected bool
}

// Clone is an image that reads from a snapshot of another. Its name is empty where it could not be found out.
type Clone struct {
	ImageRef

	PoolID     int64
	ID         string
	SnapshotID uint64
	Trash      bool
}

// String names the clone for a message.
func (c Clone) String() string {
	switch {
	case c.Name == "":
		return fmt.Sprintf("the image with id %s in the pool with id %d", c.ID, c.PoolID)
	case c.Trash:
		return fmt.Sprintf("%s (in the trash, id %s)", c.ImageRef, c.ID)
	}
	return c.ImageRef.String()
}

// Lock is a lock that was put on an image by hand. Those that librbd takes for itself belong to a watcher, or to a client that
// crashed, and librbd clears them away.
type Lock struct {
	Client string // "client.4155"
	Cookie string // the id that was given to rbd lock add
	Addr   string
}

// Migration is an image on its way to another place, name or layout. Both ends are the same image to its users.
type Migration struct {
	Source bool // this image is where the data comes from; else, where it goes to
	PoolID int64
	Other  ImageRef // the other end, without the pool's name
	ID     string   // the other end's
}

// ImageRelations is what an image has to do with others, as far as it decides about changing or removing it.
type ImageRelations struct {
	PoolID     int64
	ID         string
	Snapshots  []ImageSnapshot // oldest first
	Clones     []Clone
	Locks      []Lock
	Watchers   []Watcher
	Group      string // POOL/GROUP; empty for none
	Exclusive  bool   // it has the feature exclusive-lock, by which librbd minds the locks of others
	Quota      string // the pool whose quota is used up, so that not even a removal can begin; empty for none
	NonPrimary bool   // the mirrored copy of an image of another cluster
	Migration  *Migration
}

// UserSnapshots are the names of the snapshots that somebody made, and that can be removed by hand.
func (r ImageRelations) UserSnapshots() []string {
	var names []string
	for _, s := range r.Snapshots {
		if s.Kind == UserSnapshot {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (r ImageRelations) snapshotName(id uint64) string {
	for _, s := range r.Snapshots {
		if s.ID == id {
			return s.Name
		}
	}
	return ""
}

// ImageRelations tells what keeps an image from being changed or removed. The clones are complete: if one pool can't be
// asked, it fails.
//
// Similar to: rbd snap ls --all; rbd children --all; rbd lock ls; rbd status; rbd info
func (c *Cluster) ImageRelations(ctx context.Context, ref ImageRef) (ImageRelations, error) {
	what := fmt.Sprintf("Unable to find out what depends on image %s of cluster %q.", ref, c.cfg.Label)
	var relations ImageRelations
	err := c.onImage(ctx, what, ref, func(ctx context.Context, conn Conn) (err error) {
		relations, err = conn.ImageRelations(ctx, ref)
		return err
	})
	if err != nil {
		return ImageRelations{}, err
	}
	if slices.ContainsFunc(relations.Snapshots, func(s ImageSnapshot) bool { return s.Protected }) {
		// Only what is protected can have clones of format 1, which each pool lists for itself.
		listed, err := c.clonesListedByPools(ctx, what, ref.Namespace, relations)
		if err != nil {
			return ImageRelations{}, err
		}
		relations.Clones = append(relations.Clones, listed...)
	}
	if pool, err := c.PoolByID(ctx, relations.PoolID); err == nil && pool.QuotaReached {
		relations.Quota = pool.Name
	}
	c.nameClones(ctx, relations.Clones)
	c.nameWatchers(ctx, relations.Watchers)
	return relations, nil
}

// clonesListedByPools asks all pools for clones of format 1. librbd does the same before it lifts a protection, one pool after the
// other and without telling which one is silent.
func (c *Cluster) clonesListedByPools(ctx context.Context, what, namespace string, relations ImageRelations) ([]Clone, error) {
	pools, err := c.pools(ctx, what)
	if err != nil {
		return nil, err
	}
	return inPools(ctx, c, what, pools, func(pool Pool) ([]Clone, error) {
		var found []Clone
		for _, snapshot := range relations.Snapshots {
			if !snapshot.Protected {
				continue
			}
			var ids []string
			_, err := c.reading(ctx, what, func(ctx context.Context, conn Conn) (err error) {
				ids, err = conn.ListedClones(ctx, pool.Name, namespace, relations.PoolID, relations.ID, snapshot.ID)
				return err
			})
			if err != nil {
				return nil, explainSilentPool(err, pool.Name)
			}
			for _, id := range ids {
				found = append(found, Clone{
					ImageRef: ImageRef{Pool: pool.Name, Namespace: namespace}, PoolID: pool.ID, ID: id,
					SnapshotID: snapshot.ID,
				})
			}
		}
		return found, nil
	})
}

func explainSilentPool(err error, pool string) error {
	var p *problem.Problem
	if !problem.Is(err, problem.Unreachable) || !errors.As(err, &p) {
		return err
	}
	p.Why = fmt.Sprintf("Pool %q did not answer in time. A protected snapshot may have clones in any pool, so each is asked; the placement"+
		" groups of this one are perhaps inactive.", pool)
	p.Do = fmt.Sprintf("Look at it with ceph health detail and ceph pg ls-by-pool %s; mend the pool, or delete it if it was never of use."+
		" Then apply again.", pool)
	return p
}

// nameClones finds the names of clones, for messages: that one can't be found out is no failure.
func (c *Cluster) nameClones(ctx context.Context, clones []Clone) {
	const what = "Unable to name the clones."
	for i := range clones {
		clone := &clones[i]
		_, _ = c.reading(ctx, what, func(ctx context.Context, conn Conn) error {
			if clone.Pool == "" {
				pool, err := c.PoolByID(ctx, clone.PoolID)
				if err != nil {
					return err
				}
				clone.Pool = pool.Name
			}
			name, err := conn.ImageName(ctx, clone.Pool, clone.Namespace, clone.ID)
			if err != nil || name != "" {
				clone.Name = name
				return err
			}
			trash, err := conn.Trash(ctx, clone.Pool, clone.Namespace)
			for _, entry := range trash {
				if entry.ID == clone.ID {
					clone.Name, clone.Trash = entry.Name, true
				}
			}
			return err
		})
	}
	sort.Slice(clones, func(i, j int) bool { return clones[i].String() < clones[j].String() })
}

// Obstacles are what stands against a removal also where all snapshots are to go, in words.
func (r ImageRelations) Obstacles(ref ImageRef) []string {
	var whys []string
	for _, o := range r.againstRemoval(ref, true) {
		whys = append(whys, o.why)
	}
	return whys
}

// obstacle is a reason why something can't be done, and what to do about it.
type obstacle struct{ why, do string }

// againstRemoval are the obstacles to a removal. Watchers are none of them: they may go by themselves.
func (r ImageRelations) againstRemoval(ref ImageRef, withSnapshots bool) []obstacle {
	var all []obstacle
	add := func(why, do string) { all = append(all, obstacle{why, do}) }
	if names := r.UserSnapshots(); len(names) > 0 && !withSnapshots {
		add("it has snapshots: "+strings.Join(firstOf(names, 10), ", "), fmt.Sprintf("remove the snapshots (rbd snap purge %s)", ref))
	}
	if len(r.Clones) > 0 {
		clones := make([]string, len(r.Clones))
		for i, clone := range r.Clones {
			clones[i] = fmt.Sprintf("%s of its snapshot %s", clone, r.snapshotName(clone.SnapshotID))
		}
		add("it has clones: "+strings.Join(firstOf(clones, 10), ", "), "flatten the clones (rbd flatten CLONE) or remove them; one in the trash"+
			" is restored first (rbd trash restore)")
	}
	for _, s := range r.Snapshots {
		if s.Kind == GroupSnapshot {
			add(fmt.Sprintf("it is part of the group's snapshot %s", s.Group), fmt.Sprintf("remove that (rbd group snap rm %s)", s.Group))
		}
	}
	if r.Group != "" {
		add("it is in the group "+r.Group, fmt.Sprintf("take it out (rbd group image rm %s %s)", r.Group, ref))
	}
	if r.Quota != "" {
		add(fmt.Sprintf("the quota of pool %q is used up, and a removal writes to the pool before it frees anything", r.Quota),
			fmt.Sprintf("raise quota_max_bytes or quota_max_objects for the moment (ceph osd pool set-quota %s)", r.Quota))
	}
	all = append(all, r.locksOn(ref)...)
	return append(all, r.inTransit(ref)...)
}

// againstChange are the obstacles to any change of an image. Without the feature exclusive-lock, librbd doesn't look at locks.
func (r ImageRelations) againstChange(ref ImageRef) []obstacle {
	var all []obstacle
	if r.Exclusive {
		all = r.locksOn(ref)
	}
	return append(all, r.inTransit(ref)...)
}

func (r ImageRelations) locksOn(ref ImageRef) []obstacle {
	var all []obstacle
	for _, lock := range r.Locks {
		all = append(all, obstacle{
			fmt.Sprintf("%s at %s has put the lock %q on it by hand", lock.Client, lock.Addr, lock.Cookie),
			fmt.Sprintf("if the lock's holder is gone or done, remove it (rbd lock rm %s %q %s)", ref, lock.Cookie, lock.Client),
		})
	}
	return all
}

// inTransit are the obstacles of an image whose content somebody else is writing.
func (r ImageRelations) inTransit(ref ImageRef) []obstacle {
	var all []obstacle
	if r.NonPrimary {
		all = append(all, obstacle{
			"it is a mirrored copy, and its primary is in another cluster",
			fmt.Sprintf("change the primary there, or make this one the primary (rbd mirror image promote %s), or end its mirroring (rbd mirror"+
				" image disable --force %s)", ref, ref),
		})
	}
	if r.Migration != nil {
		all = append(all, obstacle{
			"a migration of it is under way",
			fmt.Sprintf("see how far it is (rbd status %s) and end it with rbd migration execute and rbd migration commit, or with rbd"+
				" migration abort", ref),
		})
	}
	return all
}

// refuseFor makes one problem of all obstacles; nil if there are none.
func refuseFor(what string, obstacles []obstacle, end string) error {
	if len(obstacles) == 0 {
		return nil
	}
	whys, dos := make([]string, len(obstacles)), make([]string, len(obstacles))
	for i, o := range obstacles {
		whys[i], dos[i] = o.why, o.do
	}
	return &problem.Problem{
		Kind: problem.Refused, What: what,
		Why: upperFirst(strings.Join(whys, "; ")) + ". " + end,
		Do:  upperFirst(strings.Join(dos, "; ")) + ". Then apply again.",
	}
}

func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// CheckImageChange refuses, before the first step of a change, what librbd would refuse in the middle or what would do harm: under a
// lock that somebody put on the image by hand, on a copy that mirroring writes, or during a migration.
func (c *Cluster) CheckImageChange(ctx context.Context, ref ImageRef) error {
	what := fmt.Sprintf("Image %s of cluster %q can't be changed now.", ref, c.cfg.Label)
	var relations ImageRelations
	err := c.onImage(ctx, what, ref, func(ctx context.Context, conn Conn) (err error) {
		relations, err = conn.ImageRelations(ctx, ref)
		return err
	})
	if err != nil {
		return err
	}
	return refuseFor(what, relations.againstChange(ref), "Nothing was changed.")
}
