package ceph

import (
	"context"
	"strings"
	"sync"
	"time"
)

// listingAge is how long a listing of the pools serves further readers. A refresh reads every pool and every image one by
// one, and each of them asks for the same listing: without this its cost would grow with their product.
const listingAge = 250 * time.Millisecond

// poolListing is the last listing of a cluster's pools. Our own changes end it at once.
type poolListing struct {
	mu      sync.Mutex
	pools   []Pool
	at      time.Time
	changes int // how many changes of pools this connection has sent
}

// recent returns the last listing if it may still serve.
func (l *poolListing) recent(now time.Time) ([]Pool, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pools, l.pools != nil && now.Sub(l.at) < listingAge
}

// started tells under which number of changes a listing begins, for keep.
func (l *poolListing) started() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changes
}

// keep takes a listing over, unless a change was sent while it was under way.
func (l *poolListing) keep(pools []Pool, now time.Time, started int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changes == started {
		l.pools, l.at = pools, now
	}
}

// end forgets the listing before and after a change.
func (l *poolListing) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pools = nil
	l.changes++
}

// changesPools tells whether a monitor command is a change of pools.
func changesPools(cmd command) bool {
	prefix, ok := cmd["prefix"].(string)
	return ok && strings.HasPrefix(prefix, "osd pool ") && prefix != "osd pool ls"
}

// recentPool finds a pool in a listing that may be some milliseconds old. That a pool is missing is only believed of a
// new one.
func (c *Cluster) recentPool(ctx context.Context, what string, is func(Pool) bool) (Pool, []Pool, error) {
	if pools, ok := c.listing.recent(c.now()); ok {
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
