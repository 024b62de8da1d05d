package ceph

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// AutoscalerRests tells whether the autoscaler is switched off for all pools. Since Ceph 17.2.7 pools keep their own mode beside that;
// before, it became off for each.
//
// Similar to: ceph osd pool get noautoscale
func (c *Cluster) AutoscalerRests(ctx context.Context) (bool, error) {
	var dump struct {
		Flags string `json:"flags"`
	}
	what := fmt.Sprintf("Unable to find out whether the autoscaler of cluster %q is switched off.", c.cfg.Label)
	err := c.mon(ctx, what, command{"prefix": "osd dump"}, &dump)
	return slices.Contains(strings.Split(dump.Flags, ","), "noautoscale"), err
}
