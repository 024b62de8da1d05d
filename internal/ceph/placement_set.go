package ceph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

const (
	// placementSamples is in how many placement groups of a pool a change is looked at.
	placementSamples = 64
	// settingBack bounds the way back, which an interrupt of the apply doesn't stop.
	settingBack = time.Minute
)

// placing are those of the settings that decide on which OSDs a pool is.
func placing(settings map[string]string) []string {
	var names []string
	for _, variable := range []string{"crush_rule", "size", "min_size"} {
		if _, given := settings[variable]; given {
			names = append(names, variable)
		}
	}
	return names
}

// canBeSetBack tells whether the settings may take OSDs from a pool that has enough of them now, and that can be asked about it.
func (c *Cluster) canBeSetBack(ctx context.Context, before Pool, settings map[string]string) bool {
	if len(placing(settings)) == 0 {
		return false
	}
	short, err := c.unplaced(ctx, before)
	return err == nil && short == nil
}

// unplaced returns the mapping of a placement group that CRUSH gives fewer OSDs than the pool's min_size; nil where there is none.
func (c *Cluster) unplaced(ctx context.Context, pool Pool) (*mapping, error) {
	what := fmt.Sprintf("Unable to find the OSDs of pool %q of cluster %q.", pool.Name, c.cfg.Label)
	found, err := c.mappings(ctx, what, pool, placementSamples)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(found, func(m mapping) bool { return countOSDs(m.Up) < pool.MinSize }); i >= 0 {
		return &found[i], nil
	}
	return nil, nil //nolint:nilnil // none is a good answer
}

// setBackUnplaced undoes settings after which a placement group is on fewer OSDs than min_size. The monitors know at once where
// a placement group would be: no state of it has to be waited for.
func (c *Cluster) setBackUnplaced(ctx context.Context, before Pool, settings map[string]string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settingBack)
	defer cancel()
	after, err := c.PoolByID(ctx, before.ID)
	if err != nil {
		return nil // what can't be asked is not undone
	}
	short, err := c.unplaced(ctx, after)
	if err != nil || short == nil {
		return nil
	}
	_, shortage := c.shortage(ctx, after)
	back := before.former(settings)
	names := strings.Join(placing(settings), ", ")
	p := &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("The change of %s of pool %q of cluster %q was taken back: guests' writes would stand still.", names,
			after.Name, c.cfg.Label),
		Why: strings.TrimSpace(fmt.Sprintf("After it CRUSH put placement group %s on %s, and min_size was %d. %s",
			short.PG, osdCount(countOSDs(short.Up)), after.MinSize, shortage)),
		Do: "Choose a rule that finds enough OSDs for every placement group (crushtool --test --show-bad-mappings shows which it fails), or" +
			" smaller numbers.",
	}
	if err := c.setInWaves(ctx, after.Name, back, settingWaves(back, after.raised(back))); err != nil {
		p.What = fmt.Sprintf("After the change of %s of pool %q of cluster %q guests' writes stand still, and it could not be taken back.", names,
			after.Name, c.cfg.Label)
		p.Do = "Set it back by hand, now: " + setBackByHand(after.Name, back)
		return errors.Join(p, err)
	}
	return p
}

// former is what the pool had of the settings that decide on its OSDs.
func (p Pool) former(settings map[string]string) map[string]string {
	back := map[string]string{}
	for _, variable := range placing(settings) {
		back[variable] = map[string]string{
			"crush_rule": p.CrushRule, "size": strconv.FormatInt(p.Size, 10), "min_size": strconv.FormatInt(p.MinSize, 10),
		}[variable]
	}
	if _, resized := back["size"]; resized {
		back["min_size"] = strconv.FormatInt(p.MinSize, 10)
	}
	return back
}

func setBackByHand(pool string, back map[string]string) string {
	var commands []string
	for _, variable := range placing(back) {
		commands = append(commands, fmt.Sprintf("ceph osd pool set %s %s %s", pool, variable, back[variable]))
	}
	return strings.Join(commands, "; ")
}

// lackingOSDs says that a new pool has not enough OSDs, with the numbers that it is about to get: problem.Unserved where it can't be
// written, another problem where only copies are missing.
func (c *Cluster) lackingOSDs(ctx context.Context, pool Pool, settings map[string]string) error {
	for variable, number := range map[string]*int64{"size": &pool.Size, "min_size": &pool.MinSize} {
		if wanted, err := strconv.ParseInt(settings[variable], 10, 64); err == nil {
			*number = wanted
		}
	}
	short, err := c.unplaced(ctx, pool)
	_, shortage := c.shortage(ctx, pool)
	p := &problem.Problem{
		Why: shortage,
		Do:  "Add OSDs, bring back those that are down or out (ceph osd tree), or give the pool a CRUSH rule and a size that fit.",
	}
	switch {
	case err == nil && short != nil:
		p.Kind = problem.Unserved
		p.What = fmt.Sprintf("Pool %q of cluster %q was created, but can't be read or written yet: its placement group %s is on %s, and"+
			" min_size is %d.",
			pool.Name, c.cfg.Label, short.PG, osdCount(countOSDs(short.Up)), pool.MinSize)
		p.Do += " Images on it are refused until then; where the application rbd was asked for, the next apply enables it."
	case shortage != "":
		p.What = fmt.Sprintf("Pool %q of cluster %q was created, but not all copies or chunks of its objects have an OSD.",
			pool.Name, c.cfg.Label)
	default:
		return nil
	}
	return p
}
