package tfkit

import "sync"

// plannedRenames are the new names that this plan gives to pools. A resource that refers to a new name is planned after the pool. With this
// record it knows that the name is that of an existing pool and not of one that is to be created.
type plannedRenames struct {
	mu    sync.Mutex
	pools map[plannedName]int64
}

type plannedName struct{ fsid, name string }

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
