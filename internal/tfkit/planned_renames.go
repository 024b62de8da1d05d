package tfkit

import (
	"context"
	"fmt"
	"sync"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// plannedRenames are the new names that this plan gives to pools, images, snapshots and CRUSH rules, and those of the images that it makes.
// A resource that refers to a new name is planned after what has it. With this record it knows whether the name is that of something that
// exists, or of what is to be created.
type plannedRenames struct {
	pools     plannedNames[plannedName, int64]
	images    plannedNames[plannedImage, string]
	newImages plannedNames[plannedImage, bool]
	snapshots plannedNames[plannedSnapshot, ceph.SnapshotID]
	rules     plannedNames[plannedName, string] // the present names
}

// plannedNames are the names of one kind, with what has each of them.
type plannedNames[K comparable, V any] struct {
	mu     sync.Mutex
	byName map[K]V
}

func (p *plannedNames[K, V]) record(name K, what V) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byName == nil {
		p.byName = map[K]V{}
	}
	p.byName[name] = what
}

func (p *plannedNames[K, V]) get(name K) (what V, planned bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	what, planned = p.byName[name]
	return what, planned
}

type plannedName struct{ fsid, name string }

type plannedImage struct {
	fsid string
	ref  ceph.ImageRef
}

type plannedSnapshot struct {
	fsid string
	ref  ceph.SnapshotRef
}

// PlanPoolRename records that the pool with this id gets another name.
func (c *Connections) PlanPoolRename(fsid, name string, id int64) {
	c.renames.pools.record(plannedName{fsid, name}, id)
}

// PlannedPool is the id of the pool that gets this name in this plan.
func (c *Connections) PlannedPool(fsid, name string) (id int64, planned bool) {
	return c.renames.pools.get(plannedName{fsid, name})
}

// PlanImageRename records that the image with this id gets another name, or its pool does.
func (c *Connections) PlanImageRename(fsid string, ref ceph.ImageRef, id string) {
	c.renames.images.record(plannedImage{fsid, ref}, id)
}

// PlannedImage is the id of the image that gets this name in this plan, empty for none.
func (c *Connections) PlannedImage(fsid string, ref ceph.ImageRef) string {
	id, _ := c.renames.images.get(plannedImage{fsid, ref})
	return id
}

// PlanNewImage records that an image of this name is made.
func (c *Connections) PlanNewImage(fsid string, ref ceph.ImageRef) {
	c.renames.newImages.record(plannedImage{fsid, ref}, true)
}

// PlannedNewImage reports whether an image of this name is made in this plan.
func (c *Connections) PlannedNewImage(fsid string, ref ceph.ImageRef) bool {
	_, planned := c.renames.newImages.get(plannedImage{fsid, ref})
	return planned
}

// PlanSnapshotRename records that the snapshot gets another name, or its image or its pool does.
func (c *Connections) PlanSnapshotRename(fsid string, ref ceph.SnapshotRef, id ceph.SnapshotID) {
	c.renames.snapshots.record(plannedSnapshot{fsid, ref}, id)
}

// PlannedSnapshot is the snapshot that gets this name in this plan.
func (c *Connections) PlannedSnapshot(fsid string, ref ceph.SnapshotRef) (id ceph.SnapshotID, planned bool) {
	return c.renames.snapshots.get(plannedSnapshot{fsid, ref})
}

// PlanRuleRename records that the CRUSH rule gets another name.
func (c *Connections) PlanRuleRename(fsid, present, name string) {
	c.renames.rules.record(plannedName{fsid, name}, present)
}

// PlannedRule is the present name of the CRUSH rule that gets this name in this plan, empty for none.
func (c *Connections) PlannedRule(fsid, name string) (present string) {
	present, _ = c.renames.rules.get(plannedName{fsid, name})
	return present
}

// SamePool reports whether the pool that something is in, by its present name, has this name, or gets it in this plan. A name that no pool
// has yet and that this plan gives to none is an error, which says what is in the pool.
func (c *Connections) SamePool(ctx context.Context, entry Entry[*ceph.Cluster], present, name, what string) (bool, error) {
	if name == present {
		return true, nil
	}
	_, missing := entry.Target.Pool(ctx, name)
	if missing == nil || !problem.Is(missing, problem.NotFound) {
		return false, missing
	}
	pool, err := entry.Target.Pool(ctx, present)
	if err != nil {
		return false, err
	}
	if id, planned := c.PlannedPool(entry.Identity.ValueString(), name); planned && id == pool.ID {
		return true, nil
	}
	return false, &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Cluster %q has no pool %q yet, so what becomes of %s can't be planned.", entry.Target.Label(), name, what),
		Why:  "It would be renamed along with its pool, or be replaced, and only the pool tells which.",
		Do: "Correct the name. Where the pool is to be made, make it in one apply and move what is in the other in the next. Where it is" +
			" renamed, name it here as an attribute of its ceph_pool resource, so that the pool is planned first.",
	}
}
