package ceph

import (
	"context"
	"fmt"
	"time"
)

// quotaTimeout is how long the monitors may take to clear the flag of a quota that was raised: they look every five seconds.
const quotaTimeout = 20 * time.Second

// awaitQuota returns the pool once the monitors have cleared the flag of a used-up quota, where the pool is below its quotas again: they do
// so some seconds after these were raised or removed, as by the same apply. Where it is not, or that can't be found out, the pool comes
// back at once, as it was.
//
// Similar to: ceph osd pool ls detail; ceph osd pool get-quota
func (c *Cluster) awaitQuota(ctx context.Context, p Pool) Pool {
	for deadline := c.now().Add(quotaTimeout); p.QuotaReached && c.now().Before(deadline) && c.belowQuota(ctx, p); {
		step := time.NewTimer(restartInterval)
		select {
		case <-step.C:
		case <-ctx.Done():
			step.Stop()
			return p
		}
		pools, err := c.pools(ctx, c.unableToListPools())
		again, found := firstPool(pools, func(other Pool) bool { return other.ID == p.ID })
		if err != nil || !found {
			return p
		}
		p = again
	}
	return p
}

// belowQuota tells whether the pool holds less than its quotas allow, as the monitors count it. What "ceph df" tells is less: there the
// holes in the images' objects don't count.
func (c *Cluster) belowQuota(ctx context.Context, p Pool) bool {
	if p.QuotaMaxBytes == 0 && p.QuotaMaxObjects == 0 {
		return true
	}
	var now struct {
		Bytes   *int64 `json:"current_num_bytes"`
		Objects *int64 `json:"current_num_objects"`
	}
	what := fmt.Sprintf("Unable to read how much of its quotas pool %q of cluster %q has used.", p.Name, c.cfg.Label)
	err := c.mon(ctx, what, command{"prefix": "osd pool get-quota", "pool": p.Name}, &now)
	below := func(used *int64, quota int64) bool { return quota == 0 || used != nil && *used < quota }
	return err == nil && below(now.Bytes, p.QuotaMaxBytes) && below(now.Objects, p.QuotaMaxObjects)
}
