package ceph

import (
	"context"
	"encoding/json"
	"fmt"
)

// Info describes a cluster.
type Info struct {
	FSID     string
	Release  string // such as "pacific"
	Version  string // such as "16.2.15"
	Monitors []Monitor
	Health   string // HEALTH_OK, HEALTH_WARN or HEALTH_ERR
}

// Info reads the cluster's identity, release, monitors and health.
//
// Similar to: ceph mon dump; ceph version; ceph health
func (c *Cluster) Info(ctx context.Context) (Info, error) {
	fsid, err := c.FSID(ctx)
	if err != nil {
		return Info{}, err
	}
	what := fmt.Sprintf("Unable to read the state of cluster %q.", c.cfg.Label)
	info := Info{FSID: fsid}
	if info.Monitors, err = c.Monitors(ctx); err != nil {
		return Info{}, err
	}
	var version json.RawMessage
	if err := c.mon(ctx, what, command{"prefix": "version"}, &version); err != nil {
		return Info{}, err
	}
	release := releaseOf(version)
	info.Version, info.Release = release.version, release.name
	var health struct {
		Status string `json:"status"`
	}
	if err := c.mon(ctx, what, command{"prefix": "health"}, &health); err != nil {
		return Info{}, err
	}
	info.Health = health.Status
	return info, nil
}
