package ceph

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// CrushRuleSpec is a CRUSH rule to create. One of the type Erasure is made from a profile, which says what Root, FailureDomain and
// DeviceClass say of a replicated one.
type CrushRuleSpec struct {
	Name, Type, Root, FailureDomain, DeviceClass string
	ErasureCodeProfile                           string
}

// CreateCrushRule creates a CRUSH rule. created tells that it exists now and is the caller's; the error beside it is that it could not be
// read back. One of that name is problem.Exists and stays as it is.
//
// Similar to: ceph osd crush rule create-replicated; ceph osd crush rule create-erasure
func (c *Cluster) CreateCrushRule(ctx context.Context, spec CrushRuleSpec) (rule CrushRule, created bool, err error) {
	what := fmt.Sprintf("Unable to create CRUSH rule %q in cluster %q.", spec.Name, c.cfg.Label)
	wanted, err := c.wantedRule(ctx, spec)
	if err != nil {
		return CrushRule{}, false, err
	}
	release, err := c.claim(ctx, what, ruleKind, spec.Name)
	if err != nil {
		return CrushRule{}, false, err
	}
	defer release()
	in := newIntent(ruleKind, spec.Name, fmt.Sprintf("%q", spec))
	switch found, err := c.CrushRule(ctx, spec.Name); {
	case err == nil:
		takenUp, remark := c.takesUp(ctx, in, func() bool { return spec.made(found, wanted) })
		if !takenUp {
			return CrushRule{}, false, c.ruleExists(what, spec.Name, remark)
		}
		return found, true, nil
	case !problem.Is(err, problem.NotFound):
		return CrushRule{}, false, err
	}
	if err := c.intendRule(ctx, what, in); err != nil {
		return CrushRule{}, false, err
	}
	defer c.ruleCache.Changing()()
	denied, err := c.monStatus(ctx, what, spec.command(), nil)
	if problem.Unanswered(err) {
		found, recheckErr := recheck(ctx, func(ctx context.Context) (CrushRule, error) { return c.CrushRule(ctx, spec.Name) })
		if recheckErr == nil && spec.made(found, wanted) {
			c.recordMade(ctx, in)
			return found, true, nil
		}
		return CrushRule{}, false, outcomeUnknown(err, mayStillBe("rule"))
	}
	if err != nil {
		c.forget(ctx, in)
		return CrushRule{}, false, explainCreateRule(err, denied, spec)
	}
	rule, err = c.CrushRule(ctx, spec.Name)
	if problem.Is(err, problem.NotFound) {
		c.forget(ctx, in)
		return CrushRule{}, false, err
	}
	// The monitors report success for a rule of this name that somebody else has made in this moment, whatever it chooses.
	if err == nil && !spec.made(rule, wanted) {
		c.forget(ctx, in)
		return CrushRule{}, false, c.ruleExists(what, spec.Name, "")
	}
	c.recordMade(ctx, in)
	return rule, true, err
}

// wantedRule is what the rule will choose.
func (c *Cluster) wantedRule(ctx context.Context, spec CrushRuleSpec) (CrushRule, error) {
	wanted := CrushRule{
		Name: spec.Name, Type: spec.Type, Root: spec.Root, FailureDomain: spec.FailureDomain, DeviceClass: spec.DeviceClass,
	}
	if spec.Type == Replicated {
		return wanted, nil
	}
	profile, err := c.ErasureCodeProfile(ctx, spec.ErasureCodeProfile)
	wanted.Root, wanted.FailureDomain, wanted.DeviceClass = profile.Root, profile.FailureDomain, profile.DeviceClass
	return wanted, err
}

// made tells whether a rule can be what a create has made. What a profile of the plugin lrc makes, or one for several OSDs in each failure
// domain, has more steps than are compared here.
func (s CrushRuleSpec) made(rule, wanted CrushRule) bool {
	if s.ErasureCodeProfile != "" && !rule.Described() {
		return rule.PoolType() == wanted.Type
	}
	return rule.ChoosesAs(wanted)
}

func (s CrushRuleSpec) command() command {
	if s.Type == Erasure {
		return command{"prefix": "osd crush rule create-erasure", "name": s.Name, "profile": s.ErasureCodeProfile}
	}
	cmd := command{"prefix": "osd crush rule create-replicated", "name": s.Name, "root": s.Root, "type": s.FailureDomain}
	if s.DeviceClass != "" {
		cmd["class"] = s.DeviceClass
	}
	return cmd
}

// intendRule writes the intent and asks once more for the rule, which was not there before.
func (c *Cluster) intendRule(ctx context.Context, what string, in intent) error {
	if !c.intend(ctx, in) {
		return nil
	}
	_, err := c.CrushRule(ctx, in.Name)
	switch {
	case problem.Is(err, problem.NotFound):
		return nil
	case err != nil:
		return err
	}
	c.forget(ctx, in)
	return c.ruleExists(what, in.Name, "")
}

func (c *Cluster) ruleExists(what, name, remark string) error {
	const why = "A CRUSH rule of this name exists already. It was left as it is."
	return withRemark(c.exists(what, why, "rule", "ceph_crush_rule", name), remark)
}

func explainCreateRule(err error, denied refusal, spec CrushRuleSpec) error {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	switch {
	case spec.Type == Erasure && (denied.is(EINVAL) || denied.is(ENOENT)):
		p.Kind, p.Why = problem.Invalid, fmt.Sprintf("No rule can be made from erasure code profile %q.", spec.ErasureCodeProfile)
		p.Do = fmt.Sprintf("Look at its crush-root, crush-failure-domain and crush-device-class (ceph osd erasure-code-profile get %s): the"+
			" CRUSH map must have them.", problem.Word(spec.ErasureCodeProfile))
	case denied.is(ENOENT):
		p.Kind, p.Why = problem.Invalid, fmt.Sprintf("The CRUSH map has no bucket %q, which the rule would begin at.", spec.Root)
		p.Do = "Choose a root that `ceph osd crush tree` shows."
	case denied.is(EINVAL) && strings.Contains(denied.status, "class"):
		p.Kind = problem.Invalid
		p.Why = fmt.Sprintf("No OSD below bucket %q of the CRUSH map is of the device class %q.", spec.Root, spec.DeviceClass)
		p.Do = "Choose a class that `ceph osd crush tree` shows there, or give one to OSDs: ceph osd crush set-device-class."
	case denied.is(EINVAL):
		p.Kind, p.Why = problem.Invalid, fmt.Sprintf("The CRUSH map has no type of bucket %q for a failure domain.", spec.FailureDomain)
		p.Do = "Choose one of the types in `ceph osd crush dump`, such as host or osd."
	}
	return err
}

// RenameCrushRule renames a CRUSH rule; the pools that use it go on. A rule that has the new name is problem.Exists.
//
// Similar to: ceph osd crush rule rename
func (c *Cluster) RenameCrushRule(ctx context.Context, from, to string) error {
	what := fmt.Sprintf("Unable to rename CRUSH rule %q of cluster %q to %q.", from, c.cfg.Label, to)
	defer c.ruleCache.Changing()()
	defer c.poolCache.Changing()() // pools are listed with the names of their rules
	denied, err := c.monStatus(ctx, what, command{"prefix": "osd crush rule rename", "srcname": from, "dstname": to}, nil)
	var p *problem.Problem
	switch {
	case !errors.As(err, &p):
		return err
	case denied.is(EEXIST):
		p.Why, p.Do = fmt.Sprintf("The cluster already has a CRUSH rule %q.", to), "Choose another name."
	case denied.is(ENOENT):
		p.Why, p.Do = fmt.Sprintf("The cluster has no CRUSH rule %q.", from), "Apply again: the next refresh shows what became of the rule."
	}
	return p
}

// CrushRulePools lists the names of the pools that use a CRUSH rule.
//
// Similar to: ceph osd pool ls detail
func (c *Cluster) CrushRulePools(ctx context.Context, rule string) ([]string, error) {
	what := fmt.Sprintf("Unable to find out which pools of cluster %q use CRUSH rule %q.", c.cfg.Label, rule)
	return c.poolsThat(ctx, what, func(pool Pool) bool { return pool.CrushRule == rule })
}

// poolsThat lists the names of the pools that use something.
func (c *Cluster) poolsThat(ctx context.Context, what string, use func(Pool) bool) ([]string, error) {
	pools, err := c.pools(ctx, what)
	var names []string
	for _, pool := range pools {
		if use(pool) {
			names = append(names, pool.Name)
		}
	}
	return names, err
}

// DeleteCrushRule deletes a CRUSH rule. One that a pool uses is problem.Refused. One that is gone already is no error.
//
// Similar to: ceph osd crush rule rm
func (c *Cluster) DeleteCrushRule(ctx context.Context, name string) error {
	what := fmt.Sprintf("Unable to delete CRUSH rule %q of cluster %q.", name, c.cfg.Label)
	defer c.ruleCache.Changing()()
	denied, err := c.monStatus(ctx, what, command{"prefix": "osd crush rule rm", "name": name}, nil)
	var p *problem.Problem
	switch {
	case denied.is(ENOENT):
		return nil
	case denied.is(EBUSY) && errors.As(err, &p):
		p.Kind, p.Why = problem.Refused, "A pool uses it."
		p.Do = "Give the pool another rule first: `ceph osd pool ls detail` shows which one it is."
	}
	return err
}
