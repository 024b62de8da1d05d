package ceph

import (
	"context"
	"fmt"
)

// StretchModeDegraded tells whether the cluster is stretched over two sites, and one of them is away or not recovered yet. As long as that
// lasts, the monitors have halved min_size of the pools, so that one site serves them, and they raise it again in the end.
//
// Similar to: ceph osd dump
func (c *Cluster) StretchModeDegraded(ctx context.Context) (bool, error) {
	var dump struct {
		StretchMode struct {
			Enabled  bool  `json:"stretch_mode_enabled"`
			Degraded int64 `json:"degraded_stretch_mode"` // how many sites are left; 0 where none is away
		} `json:"stretch_mode"`
	}
	what := fmt.Sprintf("Unable to find out whether cluster %q has lost one of the sites that it is stretched over.", c.cfg.Label)
	err := c.mon(ctx, what, command{"prefix": "osd dump"}, &dump)
	return dump.StretchMode.Enabled && dump.StretchMode.Degraded > 0, err
}
