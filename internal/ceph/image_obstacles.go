package ceph

import (
	"fmt"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Obstacles lists, for a message, what prevents the removal of the image even if its snapshots are removed too.
func (r ImageRelations) Obstacles(ref ImageRef) []string {
	var whys []string
	for _, o := range r.againstRemoval(ref, true) {
		whys = append(whys, o.why)
	}
	return whys
}

// obstacle is a reason why something can't be done, and what to do about it.
type obstacle struct{ why, do string }

// againstRemoval lists the obstacles to a removal. Watchers are left out: they may end by themselves.
func (r ImageRelations) againstRemoval(ref ImageRef, withSnapshots bool) []obstacle {
	var all []obstacle
	name := problem.Word(ref.String())
	add := func(why, do string) { all = append(all, obstacle{why, do}) }
	if names := r.UserSnapshots(); len(names) > 0 && !withSnapshots {
		add("it has snapshots: "+strings.Join(firstOf(names, 10), ", "), fmt.Sprintf("remove the snapshots (rbd snap purge %s)", name))
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
			add(fmt.Sprintf("it is part of the group's snapshot %s", s.Group), fmt.Sprintf("remove that (rbd group snap rm %s)",
				problem.Word(s.Group)))
		}
	}
	if r.Group != "" {
		add("it is in the group "+r.Group, fmt.Sprintf("take it out (rbd group image rm %s %s)", problem.Word(r.Group), name))
	}
	if r.Quota != "" {
		add(fmt.Sprintf("the quota of pool %q is used up, and a removal writes to the pool before it frees anything", r.Quota),
			fmt.Sprintf("raise it for the moment (ceph osd pool set-quota %s max_bytes N, or max_objects N)",
				problem.Word(r.Quota)))
	}
	all = append(all, r.locksOn(ref)...)
	return append(all, r.writtenElsewhere(ref)...)
}

// againstChange lists the obstacles to any change of an image. Without the feature exclusive-lock, librbd doesn't look at locks.
func (r ImageRelations) againstChange(ref ImageRef) []obstacle {
	var all []obstacle
	if r.Exclusive {
		all = r.locksOn(ref)
	}
	return append(all, r.writtenElsewhere(ref)...)
}

func (r ImageRelations) locksOn(ref ImageRef) []obstacle {
	var all []obstacle
	for _, lock := range r.Locks {
		all = append(all, obstacle{
			fmt.Sprintf("%s at %s has put the lock %q on it by hand", lock.Client, lock.Addr, lock.Cookie),
			fmt.Sprintf("if the lock's holder is gone or done, remove it (rbd lock rm %s %s %s)", problem.Word(ref.String()),
				problem.Word(lock.Cookie), lock.Client),
		})
	}
	return all
}

// writtenElsewhere lists the obstacles of an image whose content mirroring or a migration writes.
func (r ImageRelations) writtenElsewhere(ref ImageRef) []obstacle {
	var all []obstacle
	if r.NonPrimary {
		all = append(all, obstacle{
			"it is a mirrored copy, and its primary is in another cluster",
			fmt.Sprintf("change the primary there, or make this one the primary (rbd mirror image promote %[1]s), or end its mirroring (rbd"+
				" mirror image disable --force %[1]s)", problem.Word(ref.String())),
		})
	}
	if r.Migration != nil {
		all = append(all, obstacle{
			"a migration of it is under way",
			fmt.Sprintf("see how far it is (rbd status %s) and end it with rbd migration execute and rbd migration commit, or with rbd"+
				" migration abort", problem.Word(ref.String())),
		})
	}
	return all
}

// againstTrash lists the obstacles to a move to the trash, from where an image comes back without its mirroring: librbd ends that first,
// and then the copies on other clusters are removed. Clones go on in peace.
func (r ImageRelations) againstTrash(ref ImageRef) []obstacle {
	r.Clones = nil
	all := r.againstRemoval(ref, true)
	if r.Mirrored && !r.NonPrimary {
		all = append(all, obstacle{
			"it is mirrored, which a move to the trash would end, and the copies on other clusters would be removed at once",
			fmt.Sprintf("if they may go, end the mirroring by hand (%s)", endMirroring(ref)),
		})
	}
	return all
}

// endMirroring is how the mirroring of an image that is the primary is ended.
func endMirroring(ref ImageRef) string {
	return fmt.Sprintf("rbd mirror image disable %[1]s, or where the pool mirrors all its images rbd feature disable %[1]s journaling",
		problem.Word(ref.String()))
}

// againstDisablingJournaling lists the obstacles to switching this feature off. Mirroring by the journal ends with it: where the pool
// mirrors all images librbd ends it too, and the copies on other clusters are removed; where it mirrors single ones librbd refuses.
func (r ImageRelations) againstDisablingJournaling(ref ImageRef) []obstacle {
	if !r.Journaled {
		return nil
	}
	return []obstacle{{
		"it is mirrored by its journal, and without the feature journaling its mirroring would end, with its copies on other clusters",
		fmt.Sprintf("keep the feature journaling, or end the mirroring by hand (%s)", endMirroring(ref)),
	}}
}

// refuseObstacles makes one problem of all obstacles; nil if there are none.
func refuseObstacles(what string, obstacles []obstacle, end string) error {
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
