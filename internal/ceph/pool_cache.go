package ceph

import (
	"context"
	"strings"
	"sync"
	"time"
)

// poolCacheTTL is how long a listing of the pools may be used again. A refresh reads every pool and every image one by one, and each of
// them needs the same listing: without the cache the cost of a refresh would grow with the product of images and pools.
const poolCacheTTL = 250 * time.Millisecond

// poolCache holds the last listing of a cluster's pools. Each change that this connection sends empties it.
type poolCache struct {
	mu      sync.Mutex
	pools   []Pool
	at      time.Time
	changes int // how many changes of pools this connection has sent
}

// get returns the last listing if it is not older than poolCacheTTL.
func (c *poolCache) get(now time.Time) ([]Pool, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pools, c.pools != nil && now.Sub(c.at) < poolCacheTTL
}

// begin returns the number of changes so far. A listing that begins now hands it to store.
func (c *poolCache) begin() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changes
}

// store keeps a listing, unless a change was sent since its begin.
func (c *poolCache) store(pools []Pool, now time.Time, started int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes == started {
		c.pools, c.at = pools, now
	}
}

// invalidate empties the cache. It is called before and after each change.
func (c *poolCache) invalidate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pools = nil
	c.changes++
}

// changesPools tells whether a monitor command is a change of pools.
func changesPools(cmd command) bool {
	prefix, ok := cmd["prefix"].(string)
	return ok && strings.HasPrefix(prefix, "osd pool ") && prefix != "osd pool ls"
}

// cachedPool finds a pool in the cached listing, or else in a new one. Only a new listing proves that a pool is missing.
func (c *Cluster) cachedPool(ctx context.Context, what string, is func(Pool) bool) (Pool, []Pool, error) {
	if pools, ok := c.poolCache.get(c.now()); ok {
		if pool, found := firstPool(pools, is); found {
			return pool, pools, nil
		}
	}
	pools, err := c.pools(ctx, what)
	if err != nil {
		return Pool{}, nil, err
	}
	pool, found := firstPool(pools, is)
	if !found {
		return Pool{}, pools, errNoSuchPool
	}
	return pool, pools, nil
}

func firstPool(pools []Pool, is func(Pool) bool) (Pool, bool) {
	for _, pool := range pools {
		if is(pool) {
			return pool, true
		}
	}
	return Pool{}, false
}
