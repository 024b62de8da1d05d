package ceph

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// PoolSpec is a pool to create. What is nil or empty is left to the cluster.
type PoolSpec struct {
	Name               string
	Type               string // Replicated (also when empty) or Erasure
	PGNum              *int64
	PGPNum             *int64
	PGNumMin           *int64
	PGNumMax           *int64
	Size               *int64 // replicated pools only
	TargetSizeBytes    *int64
	TargetSizeRatio    *float64
	PGAutoscaleMode    string
	CrushRule          string
	ErasureCodeProfile string // erasure-coded pools only
	Bulk               bool
	// Settings are further variables as SetPool takes them.
	Settings     map[string]string
	Applications []string
	Config       map[string]string // RBD's settings of all images, as SetPoolConfig takes them; needs the application rbd
}

// PoolCreation is what became of the create of a pool.
type PoolCreation struct {
	// Created tells that the pool exists, also when a later step failed.
	Created bool
	// MadeRule is the CRUSH rule that Ceph made with the pool; empty where it uses one that was there, nil where that is not known. The
	// cluster itself can't tell later: the rule keeps its name when the pool is renamed, and pools of the default profile share one.
	MadeRule *string
}

// CreatePool creates a pool and then sends what "osd pool create" doesn't take, all at once. A pool of that name is problem.Exists and
// stays as it is: the monitors themselves would report success. A pool without enough OSDs is made, and reported as an error; where it
// can't be written to at all, a replicated pool does not get the application rbd, because the write of RBD's bookkeeping would not end.
//
// Similar to: ceph osd pool create; ceph osd pool set; ceph osd pool application enable; rbd pool init; rbd config pool set
func (c *Cluster) CreatePool(ctx context.Context, spec PoolSpec) (made PoolCreation, err error) {
	what := fmt.Sprintf("Unable to create pool %q in cluster %q.", spec.Name, c.cfg.Label)
	release, err := c.claim(ctx, what, poolKind, spec.Name)
	if err != nil {
		return made, err
	}
	defer release()
	in := spec.intent()
	pools, err := c.pools(ctx, what)
	if err != nil {
		return made, err
	}
	for _, p := range pools {
		if p.Name == spec.Name {
			takenUp, remark := c.takesUp(ctx, in, func() bool { return c.poolIsAsWanted(ctx, what, p, spec) })
			if !takenUp {
				return made, c.poolExists(what, p, remark)
			}
			// Which rules there were before is not known any more.
			rule := p.RuleOfItsName()
			if spec.CrushRule != "" {
				rule = ""
			}
			return PoolCreation{true, &rule}, c.completePool(ctx, spec, p)
		}
	}
	var rules []string // before the pool, where it brings one
	if spec.Type == Erasure && spec.CrushRule == "" {
		if rules, err = c.crushRuleNames(ctx); err != nil {
			return made, err
		}
	}
	if rules == nil || slices.Contains(rules, spec.Name) { // Ceph gives a rule that it makes for one pool the name of that
		made.MadeRule = new(string)
	}
	if err := c.intendPool(ctx, what, in); err != nil {
		return made, err
	}

	cmd := spec.command()
	denied, err := c.monStatus(ctx, what, cmd, nil)
	if err = explainCreatePool(err, denied); problem.Unanswered(err) {
		if made.Created, err = c.confirmPool(ctx, spec.Name, err); made.Created {
			c.recordMade(ctx, in)
		}
		return made, err
	}
	if err != nil {
		c.forget(ctx, in)
		return made, err
	}
	c.recordMade(ctx, in)
	pool, err := c.Pool(ctx, spec.Name)
	if err != nil {
		made.Created = !problem.Is(err, problem.NotFound)
		return made, err
	}
	rule := pool.CrushRule
	if rules == nil || slices.Contains(rules, rule) {
		rule = ""
	}
	return PoolCreation{true, &rule}, c.completePool(ctx, spec, pool)
}

// completePool sets of a new pool what "osd pool create" has not.
func (c *Cluster) completePool(ctx context.Context, spec PoolSpec, pool Pool) error {
	settings := spec.ignored(pool)
	maps.Copy(settings, spec.Settings)
	unlocking := spec.unsetDefaultFlags(pool, settings)
	applications := spec.Applications
	lacking := c.lackingOSDs(ctx, pool, settings)
	if problem.Is(lacking, problem.Unserved) && pool.Type == Replicated {
		applications = slices.DeleteFunc(slices.Clone(applications), func(name string) bool { return name == ApplicationRBD })
	}
	// A new pool holds no data, so its settings are not rolled back.
	return errors.Join(append(c.concurrently(
		func() error {
			if err := c.setInBatches(ctx, spec.Name, unlocking, settingBatches(unlocking, nil)); err != nil {
				return err
			}
			return c.setInBatches(ctx, spec.Name, settings, settingBatches(settings, pool.raised(settings)))
		},
		func() error {
			err := c.SetPoolApplications(ctx, spec.Name, applications, nil)
			if err != nil || len(spec.Config) == 0 || !slices.Contains(applications, ApplicationRBD) {
				return err
			}
			return c.SetPoolConfig(ctx, spec.Name, spec.Config, nil)
		},
	), lacking)...)
}

// intent is the intent to create the pool.
func (s PoolSpec) intent() intent {
	return newIntent(poolKind, s.Name, fmt.Sprint(s.command())) // a map is printed in the order of its keys
}

// intendPool writes the intent and asks once more for the pool, which was not there before.
func (c *Cluster) intendPool(ctx context.Context, what string, in intent) error {
	if !c.intend(ctx, in) {
		return nil
	}
	var names []string
	if err := c.mon(ctx, what, command{"prefix": "osd pool ls"}, &names); err != nil || !slices.Contains(names, in.Name) {
		return err
	}
	c.forget(ctx, in)
	pool, err := c.Pool(ctx, in.Name)
	if err != nil {
		return err
	}
	return c.poolExists(what, pool, "")
}

// poolIsAsWanted tells whether a pool is what a create would have made, and nobody has used it yet.
func (c *Cluster) poolIsAsWanted(ctx context.Context, what string, pool Pool, spec PoolSpec) bool {
	if spec.Type != "" && spec.Type != pool.Type || spec.Type == "" && pool.Type != Replicated ||
		spec.CrushRule != "" && spec.CrushRule != pool.CrushRule ||
		spec.ErasureCodeProfile != "" && spec.ErasureCodeProfile != pool.ErasureCodeProfile {
		return false
	}
	if short, err := c.unplaced(ctx, pool); err == nil && short != nil {
		return true // it can't be written to, nor listed
	}
	empty := true
	_, err := c.read(ctx, what, func(ctx context.Context, conn Conn) error {
		return conn.VisitObjects(ctx, pool.Name, func(_, object string) bool {
			empty = isBookkeeping(object)
			return empty
		})
	})
	return err == nil && empty
}

// confirmPool looks for a pool whose creation got no answer, and which was not there before. The error is returned too: what "osd pool
// create" doesn't take is still to be set.
func (c *Cluster) confirmPool(ctx context.Context, name string, failure error) (created bool, err error) {
	if _, err := recheck(ctx, func(ctx context.Context) (Pool, error) { return c.Pool(ctx, name) }); err == nil {
		return true, failure
	}
	return false, outcomeUnknown(failure, mayStillBe("pool"))
}

func (c *Cluster) poolExists(what string, p Pool, remark string) error {
	why := fmt.Sprintf("A pool of this name exists already, with id %d. It was left as it is.", p.ID)
	return withRemark(c.exists(what, why, "pool", "ceph_pool", p.Name), remark)
}

func (s PoolSpec) command() command {
	cmd := command{"prefix": "osd pool create", "pool": s.Name, "pool_type": Replicated}
	if s.Type != "" {
		cmd["pool_type"] = s.Type
	}
	for name, value := range map[string]*int64{
		"pg_num": s.PGNum, "pgp_num": s.PGPNum, "pg_num_min": s.PGNumMin, "pg_num_max": s.PGNumMax,
		"size": s.Size, "target_size_bytes": s.TargetSizeBytes,
	} {
		if value != nil {
			cmd[name] = *value
		}
	}
	for name, value := range map[string]string{
		"autoscale_mode": s.PGAutoscaleMode, "rule": s.CrushRule, "erasure_code_profile": s.ErasureCodeProfile,
	} {
		if value != "" {
			cmd[name] = value
		}
	}
	if s.TargetSizeRatio != nil {
		cmd["target_size_ratio"] = fraction(*s.TargetSizeRatio)
	}
	if s.Bulk {
		cmd["bulk"] = true
	}
	return cmd
}

// ignored returns the settings that an older monitor dropped from the create: fields that it doesn't know are no error
// to it. The pg numbers are left out, a monitor may lower them for its own reasons.
func (s PoolSpec) ignored(p Pool) map[string]string {
	settings := map[string]string{}
	if s.PGAutoscaleMode != "" && s.PGAutoscaleMode != p.PGAutoscaleMode {
		settings["pg_autoscale_mode"] = s.PGAutoscaleMode
	}
	if s.Bulk && !p.Bulk {
		settings["bulk"] = "true"
	}
	if s.Size != nil && *s.Size != p.Size {
		settings["size"] = strconv.FormatInt(*s.Size, 10)
	}
	for name, pair := range map[string][2]*int64{
		"pg_num_min": {s.PGNumMin, p.PGNumMin}, "pg_num_max": {s.PGNumMax, p.PGNumMax},
		"target_size_bytes": {s.TargetSizeBytes, p.TargetSizeBytes},
	} {
		if want, have := pair[0], pair[1]; want != nil && *want != 0 && (have == nil || *have != *want) {
			settings[name] = strconv.FormatInt(*want, 10)
		}
	}
	if want, have := s.TargetSizeRatio, p.TargetSizeRatio; want != nil && *want != 0 && (have == nil || *have != *decimal(want)) {
		settings["target_size_ratio"] = strconv.FormatFloat(*want, 'g', -1, 64)
	}
	return settings
}

// unsetDefaultFlags puts among the settings of a new pool what unsets the flags that the cluster gives each pool by itself
// (osd_pool_default_flag_…) and that are not asked for. It returns what is asked for, and has to be unset until the other settings are
// made: the flag refuses them.
func (s PoolSpec) unsetDefaultFlags(p Pool, settings map[string]string) (unlocking map[string]string) {
	unlocking = map[string]string{}
	for flag, is := range map[string]struct{ set, wanted bool }{
		"bulk":         {p.Bulk, s.Bulk},
		"nodelete":     {p.NoDelete, settings["nodelete"] == "true"},
		"nosizechange": {p.NoSizeChange, settings["nosizechange"] == "true"},
		"nopgchange":   {p.NoPGChange, settings["nopgchange"] == "true"},
	} {
		switch {
		case !is.set:
		case !is.wanted:
			settings[flag] = Clear
		case flag == "nosizechange" && (settings["size"] != Clear || settings["min_size"] != Clear):
			unlocking[flag] = Clear
		default:
			delete(settings, flag)
		}
	}
	return unlocking
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

func explainCreatePool(err error, denied refusal) error {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	switch denied.errno {
	case ENOENT:
		p.Kind, p.Why = problem.Invalid, "The cluster has no CRUSH rule of this name."
		p.Do = "Use a rule that `ceph osd crush rule ls` lists."
	case ERANGE:
		p.Why = "With so many placement groups the cluster would exceed its limit for each OSD."
		p.Do = "Choose a smaller pg_num, or leave it to the autoscaler."
	case EINVAL:
		p.Do = "Correct the value that the reply names. An erasure_code_profile has to exist: ceph osd erasure-code-profile ls."
	}
	return err
}
