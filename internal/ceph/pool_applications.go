package ceph

import (
	"context"
	"errors"
	"fmt"
)

// ApplicationRBD is the application of pools that hold images.
const ApplicationRBD = "rbd"

// SetPoolApplications enables and disables applications. Enabling rbd also writes RBD's bookkeeping where the pool can
// hold it (an erasure-coded pool can't, and needs none as a data pool).
//
// Similar to: rbd pool init; ceph osd pool application enable; ceph osd pool application disable
func (c *Cluster) SetPoolApplications(ctx context.Context, name string, add, remove []string) error {
	steps := make([]func() error, 0, len(add)+len(remove))
	for _, application := range add {
		steps = append(steps, func() error {
			if application == ApplicationRBD {
				return c.initPool(ctx, name)
			}
			return c.setApplication(ctx, name, application, true)
		})
	}
	for _, application := range remove {
		steps = append(steps, func() error { return c.setApplication(ctx, name, application, false) })
	}
	return errors.Join(c.concurrently(steps...)...)
}

func (c *Cluster) setApplication(ctx context.Context, name, application string, enabled bool) error {
	verb := "enable"
	if !enabled {
		verb = "disable"
	}
	what := fmt.Sprintf("Unable to %s application %q on pool %q of cluster %q.", verb, application, name, c.cfg.Label)
	return c.mon(ctx, what, command{
		"prefix": "osd pool application " + verb, "pool": name, "app": application, "yes_i_really_mean_it": true,
	}, nil)
}

func (c *Cluster) initPool(ctx context.Context, name string) error {
	pool, err := c.Pool(ctx, name)
	if err != nil {
		return err
	}
	if pool.Type == Erasure {
		return c.setApplication(ctx, name, ApplicationRBD, true)
	}
	what := fmt.Sprintf("Unable to prepare pool %q of cluster %q for RBD.", name, c.cfg.Label)
	if err := c.refuseUnserved(ctx, what, name, "", rbdInfo, "rbd_directory"); err != nil {
		return err
	}
	defer c.poolCache.Changing()() // it enables the application without a command of ours
	return c.call(ctx, what, func(conn Conn) error { return conn.InitPool(ctx, name) })
}
