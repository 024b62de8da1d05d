package ceph

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// rollbackTimeout bounds a rollback. An interrupt of the apply doesn't stop it at once.
const rollbackTimeout = time.Minute

// placementVariables lists the variables among the settings that decide on which OSDs a pool is.
func placementVariables(settings map[string]string) []string {
	var names []string
	for _, variable := range []string{"crush_rule", "size", "min_size"} {
		if _, given := settings[variable]; given {
			names = append(names, variable)
		}
	}
	return names
}

// canRollBack tells whether the settings may take OSDs from a pool that has enough of them now, and that can be asked about it.
func (c *Cluster) canRollBack(ctx context.Context, before Pool, settings map[string]string) bool {
	if len(placementVariables(settings)) == 0 {
		return false
	}
	short, err := c.unplaced(ctx, before)
	return err == nil && short == nil
}

// rollBackUnplaced undoes settings after which a placement group is on fewer OSDs than min_size. The monitors know at once where
// a placement group would be: no state of it has to be waited for.
func (c *Cluster) rollBackUnplaced(ctx context.Context, before Pool, settings map[string]string) error {
	ctx, cancel := grace.Context(ctx, rollbackTimeout)
	defer cancel()
	after, err := c.PoolByID(ctx, before.ID)
	if err != nil {
		return nil // a change that can't be checked is not rolled back
	}
	short, err := c.unplaced(ctx, after)
	if err != nil || short == nil {
		return nil
	}
	_, shortage := c.shortage(ctx, after)
	back := before.formerSettings(settings)
	names := strings.Join(placementVariables(settings), ", ")
	p := &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("The change of %s of pool %q of cluster %q was taken back: guests' writes would stand still.", names,
			after.Name, c.cfg.Label),
		Why: strings.TrimSpace(fmt.Sprintf("After it CRUSH put placement group %s on %s, and min_size was %d. %s",
			short.PG, osdCount(countOSDs(short.Up)), after.MinSize, shortage)),
		Do: "Choose a rule that finds enough OSDs for every placement group (crushtool --test --show-bad-mappings shows which it fails), or" +
			" smaller numbers.",
	}
	if err := c.setInBatches(ctx, after.Name, back, settingBatches(back, after.raised(back))); err != nil {
		p.What = fmt.Sprintf("After the change of %s of pool %q of cluster %q guests' writes stand still, and it could not be taken back.", names,
			after.Name, c.cfg.Label)
		p.Do = "Set it back by hand, now: " + rollbackCommands(after.Name, back)
		return errors.Join(p, err)
	}
	return p
}

// formerSettings returns the pool's own values of the settings that decide on its OSDs.
func (p Pool) formerSettings(settings map[string]string) map[string]string {
	back := map[string]string{}
	for _, variable := range placementVariables(settings) {
		back[variable] = map[string]string{
			"crush_rule": p.CrushRule, "size": strconv.FormatInt(p.Size, 10), "min_size": strconv.FormatInt(p.MinSize, 10),
		}[variable]
	}
	if _, resized := back["size"]; resized {
		back["min_size"] = strconv.FormatInt(p.MinSize, 10)
	}
	return back
}

func rollbackCommands(pool string, back map[string]string) string {
	var commands []string
	for _, variable := range placementVariables(back) {
		commands = append(commands, fmt.Sprintf("ceph osd pool set %s %s %s", problem.Word(pool), variable, problem.Word(back[variable])))
	}
	return strings.Join(commands, "; ")
}
