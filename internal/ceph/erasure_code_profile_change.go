package ceph

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// settings are the profile as the monitors take it: what is empty is left to them.
func (p ErasureCodeProfile) settings() []string {
	all := maps.Clone(p.Parameters)
	if all == nil {
		all = map[string]string{}
	}
	for key, value := range map[string]string{
		"plugin": p.Plugin, "technique": p.Technique, "crush-root": p.Root, "crush-failure-domain": p.FailureDomain,
		"crush-device-class": p.DeviceClass, "stripe_unit": p.StripeUnit,
	} {
		if value != "" {
			all[key] = value
		}
	}
	for key, n := range map[string]*int64{"k": p.K, "m": p.M} {
		if n != nil {
			all[key] = fmt.Sprint(*n)
		}
	}
	settings := make([]string, 0, len(all))
	for key, value := range all {
		settings = append(settings, key+"="+value)
	}
	slices.Sort(settings)
	return settings
}

// has tells whether a stored profile has all that another one asks for.
func (p ErasureCodeProfile) has(wanted ErasureCodeProfile) bool {
	stored := p.settings()
	return !slices.ContainsFunc(wanted.settings(), func(setting string) bool { return !slices.Contains(stored, setting) })
}

// CreateErasureCodeProfile creates a profile; what is empty is chosen by the cluster. created tells that it exists now and is the caller's.
// One of that name is problem.Exists and stays as it is: nothing is overridden.
//
// Similar to: ceph osd erasure-code-profile set
func (c *Cluster) CreateErasureCodeProfile(ctx context.Context, wanted ErasureCodeProfile) (created bool, err error) {
	what := fmt.Sprintf("Unable to create erasure code profile %q in cluster %q.", wanted.Name, c.cfg.Label)
	release, err := c.claim(ctx, what, erasureCodeProfileKind, wanted.Name)
	if err != nil {
		return false, err
	}
	defer release()
	in, remark := newIntent(erasureCodeProfileKind, wanted.Name, strings.Join(wanted.settings(), " ")), ""
	found, err := c.ErasureCodeProfile(ctx, wanted.Name)
	switch {
	case problem.Is(err, problem.NotFound):
		c.intend(ctx, in)
	case err != nil:
		return false, err
	default:
		var takenUp bool
		takenUp, remark = c.takesUp(ctx, in, func() bool {
			pools, err := c.poolsWithProfile(ctx, wanted.Name)
			return err == nil && len(pools) == 0 && found.has(wanted)
		})
		if takenUp {
			return true, nil
		}
		return false, c.profileExists(what, wanted.Name, remark)
	}
	refused, err := c.monStatus(ctx, what, command{
		"prefix": "osd erasure-code-profile set", "name": wanted.Name, "profile": wanted.settings(),
	}, nil)
	if problem.Unanswered(err) {
		again, recheckErr := recheck(ctx, func(ctx context.Context) (ErasureCodeProfile, error) { return c.ErasureCodeProfile(ctx, wanted.Name) })
		if recheckErr != nil || !again.has(wanted) {
			return false, outcomeUnknown(err, mayStillBe("profile"))
		}
		err = nil
	}
	if err != nil {
		c.forget(ctx, in)
		return false, c.explainCreateProfile(err, refused, what, wanted.Name)
	}
	c.recordMade(ctx, in)
	return true, nil
}

func (c *Cluster) profileExists(what, name, remark string) error {
	const why = "An erasure code profile of this name exists already. It was left as it is."
	return withRemark(c.exists(what, why, "profile", "ceph_erasure_code_profile", name), remark)
}

func (c *Cluster) explainCreateProfile(err error, refused refusal, what, name string) error {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	switch {
	case strings.Contains(refused.status, "will not override"):
		return c.profileExists(what, name, "")
	case refused.is(EINVAL), refused.is(ENOENT):
		p.Kind, p.Why = problem.Invalid, "The cluster does not take these settings together; the reply says which."
		p.Do = "Correct the setting. Plugins differ in the techniques and parameters that they take; leave out what you don't need to choose."
	case refused.is(EIO):
		p.Kind, p.Why = problem.Invalid, "The monitors can't load the plugin of this name."
		p.Do = "Use jerasure, isa, lrc, shec or clay, or install the plugin on the hosts of the monitors and the OSDs."
	}
	return err
}

// poolsWithProfile are the names of the pools that were made with a profile.
func (c *Cluster) poolsWithProfile(ctx context.Context, name string) ([]string, error) {
	what := fmt.Sprintf("Unable to find out which pools of cluster %q use erasure code profile %q.", c.cfg.Label, name)
	return c.poolsThat(ctx, what, func(pool Pool) bool { return pool.ErasureCodeProfile == name })
}

// CheckErasureCodeProfileRemoval refuses the removal of a profile that pools were made with, by their names.
func (c *Cluster) CheckErasureCodeProfileRemoval(ctx context.Context, name string) error {
	pools, err := c.poolsWithProfile(ctx, name)
	if err != nil || len(pools) == 0 {
		return err
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Erasure code profile %q on cluster %q can't be removed.", name, c.cfg.Label),
		Why:  fmt.Sprintf("It is in use by %s.", counted(pools, "pool", "pools")),
		Do: "A pool keeps the profile that it was made with. Delete these pools first, or leave the profile as it is. Where they are pools of" +
			" the same configuration, name the profile there as an attribute of its resource, so that the order is known.",
	}
}

// DeleteErasureCodeProfile removes a profile. While pools use it that is problem.Refused, by their names. One that is gone already is no
// error.
//
// Similar to: ceph osd erasure-code-profile rm
func (c *Cluster) DeleteErasureCodeProfile(ctx context.Context, name string) error {
	if err := c.CheckErasureCodeProfileRemoval(ctx, name); err != nil {
		return err
	}
	what := fmt.Sprintf("Unable to remove erasure code profile %q of cluster %q.", name, c.cfg.Label)
	refused, err := c.monStatus(ctx, what, command{"prefix": "osd erasure-code-profile rm", "name": name}, nil)
	var p *problem.Problem
	if refused.is(EBUSY) && errors.As(err, &p) {
		p.Kind, p.Why = problem.Refused, "A pool has been made with it in this moment; the reply names it."
		p.Do = "Leave the profile as it is, or delete that pool first."
	}
	return err
}
