package ceph

import (
	"context"
	"errors"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Placement is what decides whether a pool's objects find their OSDs.
type Placement struct {
	Rule    string // CRUSH rule, by name
	Size    int64  // copies, or k+m chunks of an erasure-coded pool
	MinSize int64  // 0 where the monitors choose it
}

// CheckPlacement tells whether a pool can be given another rule, size or min_size: it counts the OSDs that are up and in, as the
// rule finds them. A change after which more would be lacking than before is problem.Refused, a rule that isn't there
// problem.NotFound, and one with steps that can't be counted problem.Unsupported.
//
// Similar to: ceph osd crush dump; ceph osd tree
func (c *Cluster) CheckPlacement(ctx context.Context, pool string, from, to Placement) error {
	what := fmt.Sprintf("Unable to count the OSDs for pool %q of cluster %q.", pool, c.cfg.Label)
	m, err := c.crush(ctx, what)
	if err != nil {
		return err
	}
	now, err := m.osdsFor(to, m.available)
	if err != nil {
		return c.explainUncounted(what, to.Rule, err)
	}
	// A pool that lacks OSDs already may be changed for the better, in as many steps as that takes.
	before, err := m.osdsFor(from, m.available)
	if err != nil {
		before = from.Size
	}
	if max(to.Size-now, 0) <= max(from.Size-before, 0) && max(to.MinSize-now, 0) <= max(from.MinSize-before, 0) {
		return nil
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Pool %q of cluster %q can't be changed to size %s with CRUSH rule %q.", pool, c.cfg.Label, to.sizes(), to.Rule),
		Why:  m.shortage(to, now),
		Do: "Choose a rule that finds enough OSDs, or a smaller size; or add OSDs, or bring back those that are down or out (ceph osd tree)," +
			" before you apply.",
	}
}

// sizes says for a message how many OSDs a pool asks for.
func (p Placement) sizes() string {
	if p.MinSize == 0 {
		return fmt.Sprint(p.Size)
	}
	return fmt.Sprintf("%d (min_size %d)", p.Size, p.MinSize)
}

func (c *Cluster) explainUncounted(what, rule string, err error) error {
	if errors.Is(err, errNoSuchRule) {
		return &problem.Problem{
			Kind: problem.NotFound, What: what,
			Why: fmt.Sprintf("The cluster has no CRUSH rule %q.", rule),
			Do:  "Use a rule that `ceph osd crush rule ls` lists, or create it first.",
		}
	}
	return &problem.Problem{
		Kind: problem.Unsupported, What: what,
		Why: fmt.Sprintf("CRUSH rule %q has %s.", rule, err),
	}
}

// available tells whether an OSD is up and in.
func (m *crushMap) available(osd int64) bool { return m.osds[osd] }

// existing tells whether there is such an OSD, up or down, in or out.
func (m *crushMap) existing(osd int64) bool {
	_, exists := m.osds[osd]
	return exists
}

// osdsFor counts the OSDs that a pool's rule finds at most, among those that count.
func (m *crushMap) osdsFor(p Placement, counts func(osd int64) bool) (int64, error) {
	rule, err := m.rule(p.Rule)
	if err != nil {
		return 0, err
	}
	return m.maxOSDs(rule, p.Size, counts)
}

// shortage says what a rule finds, and what follows from it for a pool.
func (m *crushMap) shortage(p Placement, found int64) string {
	rule, err := m.rule(p.Rule)
	if err != nil {
		return fmt.Sprintf("The cluster has no CRUSH rule %q.", p.Rule)
	}
	text := fmt.Sprintf("CRUSH rule %s finds at most %s that %s up and in.", rule, osdCount(found), isAre(found))
	if found == 0 || p.MinSize > found {
		return text + fmt.Sprintf(" The pool needs %d for a write: with fewer, guests' writes stand still without an error.", max(p.MinSize, 1))
	}
	return text + fmt.Sprintf(" The pool asks for %d.", p.Size)
}

func osdCount(n int64) string {
	if n == 1 {
		return "1 OSD"
	}
	return fmt.Sprintf("%d OSDs", n)
}

func isAre(n int64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
