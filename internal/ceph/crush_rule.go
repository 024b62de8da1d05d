package ceph

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

type crushRule struct {
	ID    int64       `json:"rule_id"`
	Name  string      `json:"rule_name"`
	Steps []crushStep `json:"steps"`
}

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

// CrushRules lists the names of the CRUSH rules.
//
// Similar to: ceph osd crush rule ls
func (c *Cluster) CrushRules(ctx context.Context) ([]string, error) {
	rules, err := c.crushRules(ctx, fmt.Sprintf("Unable to list the CRUSH rules of cluster %q.", c.cfg.Label))
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
		switch {
		case step.Op == "take":
			steps = append(steps, "take "+step.ItemName)
		case strings.HasPrefix(step.Op, "choose"):
			steps = append(steps, fmt.Sprintf("%s %d type %s", step.Op, step.Num, step.Type))
		}
	}
	return fmt.Sprintf("%q (%s)", r.Name, strings.Join(steps, ", "))
}
