package ceph

import (
	"context"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// poolBurst is how long a listing of the pools serves what is no refresh: many images that are created at once need it each.
const poolBurst = 250 * time.Millisecond

// changesPools tells whether a monitor command is a change of pools.
func changesPools(cmd command) bool {
	prefix, ok := cmd["prefix"].(string)
	return ok && strings.HasPrefix(prefix, "osd pool ") && prefix != "osd pool ls" && prefix != "osd pool get-quota"
}

// pools lists all pools as they are now.
func (c *Cluster) pools(ctx context.Context, what string) ([]Pool, error) {
	return c.cachedPools(readcache.Afresh(ctx), what, func() {})
}

// cachedPools lists all pools, and calls listing if it asks the cluster.
func (c *Cluster) cachedPools(ctx context.Context, what string, listing func()) ([]Pool, error) {
	general := c.unableToListPools()
	pools, err := c.poolCache.Get(ctx, struct{}{}, func(ctx context.Context) ([]Pool, error) {
		listing()
		return c.listPools(ctx, general)
	})
	return pools, replaceWhat(err, general, what)
}

// cachedPool finds a pool in the cached listing, or else in a new one. Only a new listing proves that a pool is missing.
func (c *Cluster) cachedPool(ctx context.Context, what string, is func(Pool) bool) (Pool, []Pool, error) {
	isNew := false
	pools, err := c.cachedPools(ctx, what, func() { isNew = true })
	if err != nil {
		return Pool{}, nil, err
	}
	pool, found := firstPool(pools, is)
	if !found && !isNew {
		if pools, err = c.pools(ctx, what); err != nil {
			return Pool{}, nil, err
		}
		pool, found = firstPool(pools, is)
	}
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
