package ceph

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// crushMap is what decides how many OSDs a CRUSH rule finds: its steps, the buckets, and the state of the OSDs.
type crushMap struct {
	rules   []crushRule
	buckets map[int64]crushBucket
	osds    map[int64]bool // whether the OSD is up and in
	leaf    string         // the type of OSDs: "osd", in old maps "device"
}

type crushBucket struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Type  string `json:"type_name"`
	Items []struct {
		ID     int64 `json:"id"`
		Weight int64 `json:"weight"`
	} `json:"items"`
}

// crush reads the CRUSH map with the state of the OSDs.
//
// Similar to: ceph osd crush dump; ceph osd tree
func (c *Cluster) crush(ctx context.Context, what string) (*crushMap, error) {
	var dump struct {
		Types []struct {
			ID   int64  `json:"type_id"`
			Name string `json:"name"`
		} `json:"types"`
		Buckets []crushBucket `json:"buckets"`
		Rules   []crushRule   `json:"rules"`
	}
	if err := c.mon(ctx, what, command{"prefix": "osd crush dump"}, &dump); err != nil {
		return nil, err
	}
	var tree struct {
		Nodes []struct {
			ID       int64   `json:"id"`
			Status   string  `json:"status"`
			Reweight float64 `json:"reweight"`
		} `json:"nodes"`
	}
	if err := c.mon(ctx, what, command{"prefix": "osd tree"}, &tree); err != nil {
		return nil, err
	}
	m := &crushMap{rules: dump.Rules, buckets: make(map[int64]crushBucket, len(dump.Buckets)), osds: map[int64]bool{}}
	for _, kind := range dump.Types {
		if kind.ID == 0 {
			m.leaf = kind.Name
		}
	}
	for _, bucket := range dump.Buckets {
		m.buckets[bucket.ID] = bucket
	}
	for _, node := range tree.Nodes {
		if node.ID >= 0 { // buckets are below
			m.osds[node.ID] = node.Status == "up" && node.Reweight > 0
		}
	}
	return m, nil
}

// maxOSDs counts the different OSDs that a rule finds at most for a pool of that size, among those that count. A placement group can
// get fewer, as when a rule chooses a rack that has no usable host; none gets more.
func (m *crushMap) maxOSDs(rule crushRule, size int64, counts func(osd int64) bool) (int64, error) {
	var found int64
	union := map[int64]bool{}
	for i, step := range rule.Steps {
		switch {
		case step.Op == "take":
			block, err := choicesUntilEmit(rule.Steps[i+1:])
			if err != nil {
				return 0, err
			}
			found += m.osdsBelow(step.Item, block, size, counts)
			m.addOSDs(step.Item, counts, union)
		case !knownStep(step.Op):
			return 0, fmt.Errorf("%w: %s", errUnknownStep, step.Op)
		}
	}
	return min(found, int64(len(union)), size), nil
}

// knownStep tells whether a step can be counted: it chooses, or changes only how often CRUSH tries.
func knownStep(op string) bool {
	return op == "take" || op == "emit" || op == "noop" || chooses(op) || strings.HasPrefix(op, "set_choose")
}

func chooses(op string) bool {
	return slices.Contains([]string{"choose_firstn", "choose_indep", "chooseleaf_firstn", "chooseleaf_indep"}, op)
}

// choicesUntilEmit returns the steps that choose, between a take and its emit.
func choicesUntilEmit(steps []crushStep) ([]crushStep, error) {
	var block []crushStep
	for _, step := range steps {
		switch {
		case step.Op == "emit":
			return block, nil
		case !knownStep(step.Op) || step.Op == "take":
			return nil, fmt.Errorf("%w: %s", errUnknownStep, step.Op)
		case chooses(step.Op):
			block = append(block, step)
		}
	}
	return nil, nil // what is not emitted is not used
}

// osdsBelow counts the OSDs that the choices of a block find below an item.
func (m *crushMap) osdsBelow(item int64, block []crushStep, size int64, counts func(int64) bool) int64 {
	if len(block) == 0 {
		if item >= 0 && counts(item) {
			return 1
		}
		return 0
	}
	step := block[0]
	wanted := step.Num
	if wanted <= 0 {
		wanted += size
	}
	var perItem []int64
	for candidate := range m.ofType(item, step.Type) {
		if strings.HasPrefix(step.Op, "chooseleaf") {
			osds := map[int64]bool{}
			m.addOSDs(candidate, counts, osds)
			perItem = append(perItem, min(int64(len(osds)), 1))
		} else {
			perItem = append(perItem, m.osdsBelow(candidate, block[1:], size, counts))
		}
	}
	slices.SortFunc(perItem, func(a, b int64) int { return int(b - a) })
	var found int64
	for _, n := range perItem[:min(max(wanted, 0), int64(len(perItem)))] {
		found += n
	}
	return min(found, size)
}

// ofType returns the items of a type below an item. What has no weight is left out, with all below it.
func (m *crushMap) ofType(item int64, kind string) map[int64]bool {
	found := map[int64]bool{}
	for _, child := range m.buckets[item].Items {
		switch {
		case child.Weight <= 0:
		case child.ID >= 0 && kind == m.leaf, child.ID < 0 && m.buckets[child.ID].Type == kind:
			found[child.ID] = true
		default:
			for id := range m.ofType(child.ID, kind) {
				found[id] = true
			}
		}
	}
	return found
}

// addOSDs adds the OSDs that count below an item, or the item itself.
func (m *crushMap) addOSDs(item int64, counts func(int64) bool, found map[int64]bool) {
	if item >= 0 {
		if counts(item) {
			found[item] = true
		}
		return
	}
	for id := range m.ofType(item, m.leaf) {
		if counts(id) {
			found[id] = true
		}
	}
}
