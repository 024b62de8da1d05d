package ceph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Clear is the value that unsets a pool's variable: an option leaves the pool, a flag becomes false, a quota ends.
const Clear = ""

var (
	quotaFields  = map[string]string{"quota_max_bytes": "max_bytes", "quota_max_objects": "max_objects"}
	poolFlags    = []string{"bulk", "nodelete", "nosizechange", "nopgchange"}
	poolTextVars = []string{"compression_mode", "compression_algorithm"}
	poolLocks    = []string{"nosizechange", "nopgchange"}
)

// SetPool changes the variables that are given, by the names of `ceph osd pool set`, and the quotas quota_max_bytes and
// quota_max_objects, in bytes and objects. Clear unsets one. Variables that don't depend on each other are sent at the
// same time. Send only what changes: each costs a new OSD map. A change of size makes the monitors choose min_size anew,
// and one of pg_num pgp_num: where these are to stay, send them too.
//
// A crush_rule, size or min_size after which a placement group is not on min_size OSDs is set back at once, which is
// problem.Refused: guests' writes would stand still. After another failure, what was changed before it stays, and is named.
//
// Similar to: ceph osd pool set; ceph osd pool set-quota
func (c *Cluster) SetPool(ctx context.Context, name string, settings map[string]string) error {
	var before Pool
	if needsPool(settings) {
		var err error
		if before, err = c.Pool(ctx, name); err != nil {
			return err
		}
	}
	batches := settingBatches(settings, before.raised(settings))
	others, locks := batches[:len(batches)-1], batches[len(batches)-1:] // a locked pool couldn't be rolled back
	safe := c.canRollBack(ctx, before, settings)
	err := c.setInBatches(ctx, name, settings, others)
	if safe {
		if unplaced := c.rollBackUnplaced(ctx, before, settings); unplaced != nil {
			return errors.Join(unplaced, err)
		}
	}
	if err != nil {
		return err
	}
	return c.setInBatches(ctx, name, settings, locks)
}

func (c *Cluster) setInBatches(ctx context.Context, name string, settings map[string]string, batches [][]string) error {
	var changed []string
	for _, batch := range batches {
		steps := make([]func() error, 0, len(batch))
		for _, variable := range batch {
			steps = append(steps, func() error { return c.setPoolVariable(ctx, name, variable, settings[variable]) })
		}
		failures := c.concurrently(steps...)
		for i, variable := range batch {
			if failures[i] == nil {
				changed = append(changed, variable)
			}
		}
		if err := errors.Join(failures...); err != nil {
			var p *problem.Problem
			if len(changed) > 0 && errors.As(err, &p) {
				p.Why = strings.TrimSpace(fmt.Sprintf("%s What was changed before this stays: %s.", p.Why, strings.Join(changed, ", ")))
			}
			return err
		}
	}
	return nil
}

// needsPool tells whether the order of the settings, or their rollback, depends on what the pool has now.
func needsPool(settings map[string]string) bool {
	_, bound := settings["pg_num"]
	bound = bound && (settings["pg_num_min"] != Clear || settings["pg_num_max"] != Clear)
	return bound || len(placementVariables(settings)) > 0
}

// raised are those of the settings that raise a number of the pool.
func (p Pool) raised(settings map[string]string) map[string]bool {
	raised := map[string]bool{}
	for variable, now := range map[string]int64{"pg_num": p.PGNum, "size": p.Size, "min_size": p.MinSize} {
		wanted, err := strconv.ParseInt(settings[variable], 10, 64)
		raised[variable] = err == nil && wanted > now
	}
	return raised
}

// The batches in which settings are sent.
const (
	batchUnlocking = iota
	batchFirst     // what depends on nothing
	batchRule      // what depends on the first, and a rule: with fewer copies or more OSDs than before there are enough of both
	batchRaised    // a size that only the new rule can place
	batchMinSize   // what the monitors chose along with size, or what only the new rule can place
	batchLocking
	batchCount
)

// settingBatches orders variables: what unlocks others goes first, what is checked against others or locks them last. The
// monitors never accept a bound that excludes the present pg_num, nor a pg_num outside of the present bounds.
func settingBatches(settings map[string]string, raised map[string]bool) [][]string {
	has := func(variable string) bool { _, given := settings[variable]; return given }
	batches := make([][]string, batchCount)
	for variable, value := range settings {
		batch := batchFirst
		switch {
		case variable == "pg_autoscale_mode":
			batch = batchUnlocking
		case slices.Contains(poolLocks, variable):
			batch = batchLocking
			if poolValue(variable, value) == "false" {
				batch = batchUnlocking
			}
		case has("pg_num") && (variable == "pg_num_min" || variable == "pg_num_max"):
			batch = batchRule
			if value == Clear || raised["pg_num"] == (variable == "pg_num_max") {
				batch = batchUnlocking
			}
		case variable == "pgp_num" && has("pg_num"):
			batch = batchRule
		case variable == "crush_rule" && (has("size") || has("min_size")):
			batch = batchRule
		case variable == "size" && has("crush_rule") && raised["size"]:
			batch = batchRaised
		case variable == "min_size" && (has("size") || has("crush_rule") && raised["min_size"]):
			batch = batchMinSize
		}
		batches[batch] = append(batches[batch], variable)
	}
	for _, batch := range batches {
		slices.Sort(batch)
	}
	return batches
}

// poolValue spells out Clear for a variable.
func poolValue(variable, value string) string {
	switch {
	case value != Clear:
		return value
	case slices.Contains(poolFlags, variable):
		return "false"
	case slices.Contains(poolTextVars, variable):
		return "unset"
	}
	return "0"
}

func (c *Cluster) setPoolVariable(ctx context.Context, name, variable, value string) error {
	value = poolValue(variable, value)
	cmd := command{"prefix": "osd pool set", "pool": name, "var": variable, "val": value}
	if field, ok := quotaFields[variable]; ok {
		cmd = command{"prefix": "osd pool set-quota", "pool": name, "field": field, "val": value}
	}
	if variable == "size" && value == "1" {
		cmd["yes_i_really_mean_it"] = true
	}
	what := fmt.Sprintf("Unable to set %s to %s on pool %q of cluster %q.", variable, value, name, c.cfg.Label)
	denied, err := c.monStatus(ctx, what, cmd, nil)
	if err != nil {
		return explainSetPool(err, denied, variable, value)
	}
	return nil
}

func explainSetPool(err error, denied refusal, variable, value string) error {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	switch {
	case denied.is(EPERM) && variable == "size" && value == "1":
		p.Kind, p.Why = problem.Denied, "The cluster does not allow pools without replicas."
		p.Do = "Use a size of 2 or more, or allow it: ceph config set global mon_allow_pool_size_one true."
	case denied.is(EPERM):
		p.Why = "A flag of the pool forbids the change (nosizechange, nopgchange), or the cluster asks for a confirmation."
		p.Do = "Set the flag that the reply names to false first, then apply again."
	case denied.is(ENOENT) && variable == "crush_rule":
		p.Kind, p.Why = problem.Invalid, "The cluster has no CRUSH rule of this name."
		p.Do = "Use a rule that `ceph osd crush rule ls` lists."
	case denied.is(EINVAL) && variable == "crush_rule":
		p.Why = "The rule exists but does not fit the pool: rules for replicated and for erasure-coded pools are different."
		p.Do = "Use a rule of the pool's own type (type 1 is replicated, type 3 erasure-coded, in `ceph osd crush rule dump`)."
	case denied.is(EINVAL) && (variable == "pg_num_min" || variable == "pg_num_max"):
		p.Why = "The pool's present pg_num is outside of this bound."
		p.Do = "Set pg_num within the bounds in the same apply, or choose another bound."
	case (denied.is(EINVAL) || denied.is(ERANGE)) && (variable == "pg_num" || variable == "pgp_num"):
		p.Why = "The number is outside of what the pool's bounds, or the cluster's limit for each OSD, allow."
		p.Do = "Choose a number within pg_num_min and pg_num_max, with fewer placement groups for each OSD (mon_max_pg_per_osd)."
	case denied.is(EOPNOTSUPP):
		p.Kind, p.Why = problem.Invalid, "The variable can't be changed on a pool of this type or on these OSDs."
	}
	return err
}
