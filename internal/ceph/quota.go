package ceph

import (
	"context"
	"time"
)

// quotaTimeout is how long the monitors may take to clear the flag of a quota that was raised: they look every five seconds.
const quotaTimeout = 20 * time.Second

// awaitQuota returns the pool once the monitors have cleared the flag of a used-up quota, where the pool is below its quotas again: they do
// so some seconds after these were raised or removed, as by the same apply. Where it is not, or that can't be found out, the pool comes
// back as it was.
//
// Similar to: ceph osd pool ls detail; ceph df
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

// belowQuota tells whether the pool holds less than its quotas allow.
func (c *Cluster) belowQuota(ctx context.Context, p Pool) bool {
	if p.QuotaMaxBytes == 0 && p.QuotaMaxObjects == 0 {
		return true
	}
	usage, err := c.PoolUsage(ctx, p.Name)
	return err == nil && usage != nil && (p.QuotaMaxBytes == 0 || usage.StoredBytes < p.QuotaMaxBytes) &&
		(p.QuotaMaxObjects == 0 || usage.Objects < p.QuotaMaxObjects)
}
