package ceph

import (
	"context"
	"fmt"
)

// PoolUsage is what the manager counts for a pool. It lags a few seconds behind and must not decide whether a pool is empty.
type PoolUsage struct {
	StoredBytes   int64
	MaxAvailBytes int64
	Objects       int64
}

// PoolUsage reads the statistics of a pool. It returns nil for one that the manager has not counted yet: of a new pool, for a few seconds.
//
// Similar to: ceph df
func (c *Cluster) PoolUsage(ctx context.Context, name string) (*PoolUsage, error) {
	var df struct {
		Pools []struct {
			Name  string `json:"name"`
			Stats struct {
				Stored   int64 `json:"stored"`
				MaxAvail int64 `json:"max_avail"`
				Objects  int64 `json:"objects"`
			} `json:"stats"`
		} `json:"pools"`
	}
	what := fmt.Sprintf("Unable to read the statistics of pool %q of cluster %q.", name, c.cfg.Label)
	if err := c.mon(ctx, what, command{"prefix": "df"}, &df); err != nil {
		return nil, err
	}
	for _, p := range df.Pools {
		if p.Name == name {
			return &PoolUsage{StoredBytes: p.Stats.Stored, MaxAvailBytes: p.Stats.MaxAvail, Objects: p.Stats.Objects}, nil
		}
	}
	return nil, nil
}
