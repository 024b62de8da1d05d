package ceph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// rbdInfo is the object that holds RBD's settings of a pool.
const rbdInfo = "rbd_info"

// configStamp is the option of the cluster whose change lets clients read the settings of pools again.
const configStamp = "rbd_config_pool_override_update_timestamp"

// PoolConfig returns RBD's settings of a pool by their bare names. There are none where the pool holds no bookkeeping of RBD's.
//
// Similar to: rbd config pool list
func (c *Cluster) PoolConfig(ctx context.Context, pool string) (config map[string]string, err error) {
	what := fmt.Sprintf("Unable to read the RBD settings of pool %q of cluster %q.", pool, c.cfg.Label)
	refusal := c.refuseUnanswered(ctx, func(ctx context.Context) error {
		return c.refuseUnserved(ctx, what, pool, "", rbdInfo)
	}, func(ctx context.Context) error {
		config, _, err = read(ctx, c, what, func(ctx context.Context, conn Conn) (map[string]string, error) {
			return conn.PoolConfig(ctx, pool)
		})
		return err
	})
	return config, cmp.Or(refusal, err)
}

// SetPoolConfig sets and removes RBD's settings of all images of a pool by their bare names. Settings that are not named stay as they are,
// and removing one that isn't there is no error. After an error the others are set all the same. Clients that have an image open
// hear of it by TellPoolConfig.
//
// Similar to: rbd config pool set; rbd config pool remove
func (c *Cluster) SetPoolConfig(ctx context.Context, pool string, set map[string]string, remove []string) error {
	what := fmt.Sprintf("Unable to change the RBD settings of pool %q of cluster %q.", pool, c.cfg.Label)
	if err := c.refuseUnserved(ctx, what, pool, "", rbdInfo); err != nil {
		return err
	}
	steps := make([]func() error, 0, len(set)+len(remove))
	for _, name := range slices.Sorted(maps.Keys(set)) {
		steps = append(steps, func() error { return c.setPoolConfig(ctx, pool, name, set[name]) })
	}
	for _, name := range remove {
		what := fmt.Sprintf("Unable to unset %s of pool %q of cluster %q.", name, pool, c.cfg.Label)
		steps = append(steps, func() error {
			errno, err := c.callErrno(ctx, what, func(conn Conn) error { return conn.RemovePoolConfig(ctx, pool, name) })
			if errno == ENOENT {
				return nil
			}
			return err
		})
	}
	return errors.Join(c.concurrently(steps...)...)
}

func (c *Cluster) setPoolConfig(ctx context.Context, pool, name, value string) error {
	what := fmt.Sprintf("Unable to set %s to %q for the images of pool %q of cluster %q.", name, value, pool, c.cfg.Label)
	err := c.call(ctx, what, func(conn Conn) error { return conn.SetPoolConfig(ctx, pool, name, value) })
	var p *problem.Problem
	if !problem.Is(err, problem.Invalid) || !errors.As(err, &p) {
		return err
	}
	if reason := c.CheckConfig(ctx, name, value); problem.Is(reason, problem.Invalid) {
		return reason
	}
	p.Why = "librbd on this machine does not take this setting from a pool: it counts for whole clients."
	p.Do = "Leave it out; rbd config pool list shows the settings that a pool can have. Those of clients are in their ceph.conf."
	return err
}

// CheckConfig refuses, as problem.Invalid, a setting that librbd on this machine doesn't know, or a value that it doesn't take. It asks
// no daemon.
//
// Similar to: rbd config pool set
func (c *Cluster) CheckConfig(ctx context.Context, name, value string) error {
	what := fmt.Sprintf("librbd does not take the setting %s = %q.", name, value)
	errno, err := c.callErrno(ctx, what, func(conn Conn) error { return conn.CheckConfig(ctx, name, value) })
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	switch errno {
	case ENOENT:
		p.Kind, p.Why = problem.Invalid, "librbd on this machine knows no setting of this name."
		p.Do = "Correct the name; rbd config pool list shows those that there are. A newer release's setting needs a newer librbd1 here."
	case EINVAL, ERANGE, EDOM:
		p.Kind, p.Why = problem.Invalid, "The setting has no such value."
		p.Do = "Correct the value; ceph config help shows what the setting takes."
	}
	return err
}

// TellPoolConfig lets clients that have an image open take over what SetPoolConfig has changed. Without the capability for it they
// do when they open an image the next time.
//
// Similar to: ceph config set global rbd_config_pool_override_update_timestamp
func (c *Cluster) TellPoolConfig(ctx context.Context, pool string) error {
	what := fmt.Sprintf("The RBD settings of pool %q of cluster %q are stored, but clients that have an image open were not told.", pool,
		c.cfg.Label)
	// librbd writes the present second with each setting. Clients notice only a value that differs from the one before.
	stamp := strconv.FormatInt(c.now().Add(time.Second).Unix(), 10)
	err := c.mon(ctx, what, command{"prefix": "config set", "who": "global", "name": configStamp, "value": stamp}, nil)
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	const later = " Guests take them over when they are started or migrated the next time. To let all take them over now:" +
		" ceph config set global " + configStamp + " $(date +%s)."
	p.Do += later
	if problem.Is(err, problem.Denied) {
		p.Do = fmt.Sprintf("To have them told, give it the further mon caps: allow command \"config set\" with who=global name=%s.%s",
			configStamp, later)
	}
	return err
}
