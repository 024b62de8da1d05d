package tfkit

import (
	"context"
	"fmt"
	"sync"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// plannedRenames are the new names that this plan gives to pools, images, snapshots and CRUSH rules. A resource that refers to a new name
// is planned after what has it. With this record it knows that the name is that of something that exists and not of what is to be created.
type plannedRenames struct {
	mu        sync.Mutex
	pools     map[plannedName]int64
	images    map[plannedImage]string
	snapshots map[plannedSnapshot]ceph.SnapshotID
	rules     map[plannedName]string // the present names
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
	c.renames.mu.Lock()
	defer c.renames.mu.Unlock()
	if c.renames.pools == nil {
		c.renames.pools = map[plannedName]int64{}
	}
	c.renames.pools[plannedName{fsid, name}] = id
}

// PlannedPool is the id of the pool that gets this name in this plan.
func (c *Connections) PlannedPool(fsid, name string) (id int64, planned bool) {
	c.renames.mu.Lock()
	defer c.renames.mu.Unlock()
	id, planned = c.renames.pools[plannedName{fsid, name}]
	return id, planned
}

// PlanImageRename records that the image with this id gets another name, or its pool does.
func (c *Connections) PlanImageRename(fsid string, ref ceph.ImageRef, id string) {
	c.renames.mu.Lock()
	defer c.renames.mu.Unlock()
	if c.renames.images == nil {
		c.renames.images = map[plannedImage]string{}
	}
	c.renames.images[plannedImage{fsid, ref}] = id
}

// PlannedImage is the id of the image that gets this name in this plan, empty for none.
func (c *Connections) PlannedImage(fsid string, ref ceph.ImageRef) string {
	c.renames.mu.Lock()
	defer c.renames.mu.Unlock()
	return c.renames.images[plannedImage{fsid, ref}]
}

// PlanSnapshotRename records that the snapshot gets another name, or its image or its pool does.
func (c *Connections) PlanSnapshotRename(fsid string, ref ceph.SnapshotRef, id ceph.SnapshotID) {
	c.renames.mu.Lock()
	defer c.renames.mu.Unlock()
	if c.renames.snapshots == nil {
		c.renames.snapshots = map[plannedSnapshot]ceph.SnapshotID{}
	}
	c.renames.snapshots[plannedSnapshot{fsid, ref}] = id
}

// PlannedSnapshot is the snapshot that gets this name in this plan.
func (c *Connections) PlannedSnapshot(fsid string, ref ceph.SnapshotRef) (id ceph.SnapshotID, planned bool) {
	c.renames.mu.Lock()
	defer c.renames.mu.Unlock()
	id, planned = c.renames.snapshots[plannedSnapshot{fsid, ref}]
	return id, planned
}

// PlanRuleRename records that the CRUSH rule gets another name.
func (c *Connections) PlanRuleRename(fsid, present, name string) {
	c.renames.mu.Lock()
	defer c.renames.mu.Unlock()
	if c.renames.rules == nil {
		c.renames.rules = map[plannedName]string{}
	}
	c.renames.rules[plannedName{fsid, name}] = present
}

// PlannedRule is the present name of the CRUSH rule that gets this name in this plan, empty for none.
func (c *Connections) PlannedRule(fsid, name string) (present string) {
	c.renames.mu.Lock()
	defer c.renames.mu.Unlock()
	return c.renames.rules[plannedName{fsid, name}]
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
