package ceph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// CrushRule is what a cluster tells about a CRUSH rule. Root, FailureDomain and DeviceClass say all of its steps that choose, or are empty.
type CrushRule struct {
	ID            int64
	Name          string
	Type          string // Replicated, Erasure, msr_firstn or msr_indep; empty for a type that this provider doesn't know
	Root          string
	FailureDomain string
	DeviceClass   string   // empty also for a rule of all classes
	Steps         []string // as a decompiled CRUSH map has them: "take default class ssd"
}

type crushRule struct {
	ID    int64       `json:"rule_id"`
	Name  string      `json:"rule_name"`
	Type  int         `json:"type"`
	Steps []crushStep `json:"steps"`
}

// crushRuleTypes are the types of CRUSH rules by their numbers. The last two are those of Ceph 19 and newer, for several OSDs per host.
var crushRuleTypes = map[int]string{1: Replicated, 3: Erasure, 4: "msr_firstn", 5: "msr_indep"}

type crushStep struct {
	Op       string `json:"op"`
	Item     int64  `json:"item"`
	ItemName string `json:"item_name"`
	Num      int64  `json:"num"`
	Type     string `json:"type"`
}

var (
	errNoSuchRule  = errors.New("no such CRUSH rule")
	errUnknownStep = errors.New("a step that this provider doesn't know")
)

func (c *Cluster) unableToListRules() string {
	return fmt.Sprintf("Unable to list the CRUSH rules of cluster %q.", c.cfg.Label)
}

// CrushRules lists the CRUSH rules, sorted by name.
//
// Similar to: ceph osd crush rule dump
func (c *Cluster) CrushRules(ctx context.Context) ([]CrushRule, error) {
	listed, err := c.crushRules(ctx, c.unableToListRules())
	if err != nil {
		return nil, err
	}
	rules := make([]CrushRule, len(listed))
	for i, rule := range listed {
		rules[i] = rule.described()
	}
	slices.SortFunc(rules, func(a, b CrushRule) int { return cmp.Compare(a.Name, b.Name) })
	return rules, nil
}

// SameCrushRule reads the rule that was recorded so: the one of its id, while it has its name or still chooses the same. Ceph gives the ids
// of deleted rules to new ones. Any other is problem.NotFound, which only a complete listing proves. A refresh lists the rules once for all
// that it has.
//
// Similar to: ceph osd crush rule dump
func (c *Cluster) SameCrushRule(ctx context.Context, recorded CrushRule) (CrushRule, error) {
	what := fmt.Sprintf("Unable to read CRUSH rule %q of cluster %q.", recorded.Name, c.cfg.Label)
	general := c.unableToListRules()
	find := func(ctx context.Context) (CrushRule, error) {
		rules, err := c.ruleCache.Get(ctx, struct{}{}, func(ctx context.Context) ([]crushRule, error) { return c.crushRules(ctx, general) })
		if err != nil {
			return CrushRule{}, replaceWhat(err, general, what)
		}
		for _, rule := range rules {
			found := rule.described()
			if found.ID == recorded.ID && (found.Name == recorded.Name || found.ChoosesAs(recorded)) {
				return found, nil
			}
		}
		return CrushRule{}, c.noCrushRule(fmt.Sprintf("Cluster %q has no CRUSH rule %q with id %d any more.", c.cfg.Label, recorded.Name,
			recorded.ID), rules)
	}
	found, err := find(ctx)
	if problem.Is(err, problem.NotFound) {
		return find(readcache.Afresh(ctx))
	}
	return found, err
}

// ChoosesAs tells whether two rules choose OSDs of the same class, in failure domains of the same type, below the same bucket. Of rules
// whose steps do more it only tells that both do.
func (r CrushRule) ChoosesAs(other CrushRule) bool {
	return r.PoolType() == other.PoolType() && r.Root == other.Root && r.FailureDomain == other.FailureDomain &&
		r.DeviceClass == other.DeviceClass
}

// PoolType is the type of the pools that can use the rule: Replicated or Erasure; empty where that isn't known.
func (r CrushRule) PoolType() string {
	switch r.Type {
	case "msr_firstn":
		return Replicated
	case "msr_indep":
		return Erasure
	}
	return r.Type
}

// Described tells whether Root, FailureDomain and DeviceClass say all that the rule chooses.
func (r CrushRule) Described() bool { return r.Root != "" }

// crushRuleNames lists the names of the CRUSH rules.
func (c *Cluster) crushRuleNames(ctx context.Context) ([]string, error) {
	rules, err := c.crushRules(ctx, c.unableToListRules())
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(rules))
	for _, rule := range rules {
		names = append(names, rule.Name)
	}
	return names, nil
}

func (c *Cluster) crushRules(ctx context.Context, what string) (rules []crushRule, err error) {
	err = c.mon(ctx, what, command{"prefix": "osd crush rule dump"}, &rules)
	return rules, err
}

// CrushRule reads one CRUSH rule. It answers problem.NotFound only from a complete listing of the cluster's rules.
//
// Similar to: ceph osd crush rule dump
func (c *Cluster) CrushRule(ctx context.Context, name string) (CrushRule, error) {
	rules, err := c.crushRules(ctx, fmt.Sprintf("Unable to read CRUSH rule %q of cluster %q.", name, c.cfg.Label))
	if err != nil {
		return CrushRule{}, err
	}
	for _, rule := range rules {
		if rule.Name == name {
			return rule.described(), nil
		}
	}
	return CrushRule{}, c.noCrushRule(fmt.Sprintf("Cluster %q has no CRUSH rule %q.", c.cfg.Label, name), rules)
}

func (c *Cluster) noCrushRule(what string, rules []crushRule) error {
	names := make([]string, 0, len(rules))
	for _, rule := range rules {
		names = append(names, rule.Name)
	}
	slices.Sort(names)
	return notThere(what, "The cluster has no CRUSH rules.", "Its rules are", names,
		"Create the rule (ceph osd crush rule create-replicated), or correct its name or the cluster.")
}

func (r crushRule) described() CrushRule {
	rule := CrushRule{ID: r.ID, Name: r.Name, Type: crushRuleTypes[r.Type]}
	var chosen []crushStep
	for _, step := range r.Steps {
		rule.Steps = append(rule.Steps, step.String())
		if !strings.HasPrefix(step.Op, "set_choose") { // how often CRUSH tries, not where
			chosen = append(chosen, step)
		}
	}
	if len(chosen) != 3 || chosen[0].Op != "take" || chosen[2].Op != "emit" || !chosen[1].onePerDomain(rule.Type) {
		return rule
	}
	rule.Root, rule.DeviceClass, _ = strings.Cut(chosen[0].ItemName, "~")
	rule.FailureDomain = chosen[1].Type
	return rule
}

// onePerDomain tells whether a step chooses one OSD in each of as many buckets of its type as the pool asks for.
func (s crushStep) onePerDomain(ruleType string) bool {
	op, order, _ := strings.Cut(s.Op, "_")
	return s.Num == 0 && order == map[string]string{Replicated: "firstn", Erasure: "indep"}[ruleType] &&
		(op == "chooseleaf" || op == "choose" && s.Type == "osd")
}

// String is the step as a decompiled CRUSH map has it, without the word "step".
func (s crushStep) String() string {
	switch {
	case s.Op == "take":
		item, class, shadow := strings.Cut(s.ItemName, "~")
		if shadow {
			return fmt.Sprintf("take %s class %s", item, class)
		}
		return "take " + item
	case strings.HasPrefix(s.Op, "set_"):
		return fmt.Sprintf("%s %d", s.Op, s.Num)
	case strings.HasPrefix(s.Op, "choose"):
		return fmt.Sprintf("%s %d type %s", strings.Replace(s.Op, "_", " ", 1), s.Num, s.Type)
	}
	return s.Op
}

func (m *crushMap) rule(name string) (crushRule, error) {
	for _, rule := range m.rules {
		if rule.Name == name {
			return rule, nil
		}
	}
	return crushRule{}, errNoSuchRule
}

func (r crushRule) String() string {
	steps := make([]string, 0, len(r.Steps))
	for _, step := range r.Steps {
		if step.Op == "take" || strings.HasPrefix(step.Op, "choose") {
			steps = append(steps, step.String())
		}
	}
	return fmt.Sprintf("%q (%s)", r.Name, strings.Join(steps, ", "))
}
