package ceph

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// DeletePool deletes a pool with everything in it, and madeRule, the CRUSH rule that Ceph made with it (empty for none),
// unless another pool uses that. A pool that is gone already is no error. It looks for nothing in the pool: that is what
// PoolContents is for.
//
// Similar to: ceph osd pool delete; ceph osd crush rule rm
func (c *Cluster) DeletePool(ctx context.Context, name, madeRule string) error {
	what := fmt.Sprintf("Unable to delete pool %q of cluster %q.", name, c.cfg.Label)
	pools, err := c.pools(ctx, what)
	if err != nil {
		return err
	}
	rule, found := "", false
	for _, p := range pools {
		if p.Name == name {
			found = true
			if p.CrushRule == madeRule {
				rule = p.CrushRule
			}
		}
	}
	if !found {
		return nil
	}
	for _, p := range pools {
		if p.Name != name && p.CrushRule == rule {
			rule = ""
		}
	}

	denied, err := c.monStatus(ctx, what, command{
		"prefix": "osd pool delete", "pool": name, "pool2": name, "yes_i_really_really_mean_it": true,
	}, nil)
	if err != nil {
		return explainDeletePool(err, denied, name)
	}
	if rule == "" {
		return nil
	}
	what = fmt.Sprintf("Pool %q of cluster %q is deleted, but not its CRUSH rule %q.", name, c.cfg.Label, rule)
	denied, err = c.monStatus(ctx, what, command{"prefix": "osd crush rule rm", "name": rule}, nil)
	// Somebody may have begun to use the rule, or removed it, in the meantime.
	if err != nil && (denied.is(EBUSY) || denied.is(ENOENT)) {
		return nil
	}
	return err
}

func explainDeletePool(err error, denied refusal, name string) error {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	switch {
	case denied.is(EPERM) && strings.Contains(denied.status, "nodelete"):
		p.Kind, p.Why = problem.Denied, "The pool's nodelete flag protects it."
		p.Do = fmt.Sprintf("Set nodelete to false and apply, or run: ceph osd pool set %s nodelete false. Then delete the pool.",
			problem.Word(name))
	case denied.is(EPERM) && strings.Contains(denied.status, "mon_allow_pool_delete"):
		p.Kind, p.Why = problem.Denied, "This cluster forbids the deletion of pools. The pool is unchanged."
		p.Do = "Allow it for the moment (ceph config set mon mon_allow_pool_delete true), apply, then forbid it again (ceph config set mon" +
			" mon_allow_pool_delete false)."
	case denied.is(EBUSY):
		p.Why = "The pool is a cache tier of another pool, or a file system uses it."
		p.Do = "Release it from there first; the reply names the user."
	}
	return err
}
