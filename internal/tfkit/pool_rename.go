package tfkit

import "sync"

// plannedRenames are the new names that this plan gives to pools: what refers to such a name is planned after its pool,
// and without this could not tell a pool with a new name from one that is still to be made.
type plannedRenames struct {
	mu    sync.Mutex
	pools map[plannedName]int64
}

type plannedName struct{ fsid, name string }

// PlanPoolRename notes that the pool with this id will have another name.
func (c *Connections) PlanPoolRename(fsid, name string, id int64) {
	c.renames.mu.Lock()
	defer c.renames.mu.Unlock()
	if c.renames.pools == nil {
		c.renames.pools = map[plannedName]int64{}
	}
	c.renames.pools[plannedName{fsid, name}] = id
}

// PlannedPool is the id of the pool that will have this name, if one was planned to.
func (c *Connections) PlannedPool(fsid, name string) (id int64, planned bool) {
	c.renames.mu.Lock()
	defer c.renames.mu.Unlock()
	id, planned = c.renames.pools[plannedName{fsid, name}]
	return id, planned
}
