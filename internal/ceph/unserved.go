package ceph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// noOSD is what a mapping holds where CRUSH found no OSD.
const noOSD = 1<<31 - 1

// How long a pool may be without enough OSDs before an operation on it is given up, as while an OSD restarts, and how often it is
// looked at.
const (
	restartTimeout  = 10 * time.Second
	restartInterval = 500 * time.Millisecond
)

// mapping is what "osd map" and "pg map" answer.
type mapping struct {
	PG     string  `json:"pgid"`
	Up     []int64 `json:"up"`     // by CRUSH
	Acting []int64 `json:"acting"` // those that serve now
}

func countOSDs(list []int64) (n int64) {
	for _, osd := range list {
		if osd >= 0 && osd != noOSD {
			n++
		}
	}
	return n
}

// refuseUnserved refuses what would wait without end: the pool is full, or, as problem.Unserved, these objects are in placement groups
// with fewer OSDs than the pool's min_size. OSDs that exist and could serve them get a few seconds first. Where the OSDs can't be found
// out, nothing is refused.
//
// Similar to: ceph osd map POOL OBJECT
func (c *Cluster) refuseUnserved(ctx context.Context, what, pool, namespace string, objects ...string) error {
	p, err := c.Pool(ctx, pool)
	if err != nil {
		return nil //nolint:nilerr // the operation itself tells what is wrong
	}
	if err := c.refuseFull(ctx, what, p); err != nil {
		return err
	}
	return c.awaitServed(ctx, what, p, func() *mapping { return c.unserved(ctx, p, namespace, objects) })
}

// refuseUnservedPool is refuseUnserved for what needs every placement group of a pool, as a listing of its objects does; many are looked
// at. A full pool can be listed.
//
// Similar to: ceph pg map
func (c *Cluster) refuseUnservedPool(ctx context.Context, what string, pool Pool) error {
	return c.awaitServed(ctx, what, pool, func() *mapping {
		found, err := c.mappings(ctx, what, pool, placementSamples)
		if i := slices.IndexFunc(found, func(m mapping) bool { return countOSDs(m.Acting) < pool.MinSize }); err == nil && i >= 0 {
			return &found[i]
		}
		return nil
	})
}

// awaitServed waits until no placement group is found that has too few OSDs, while there is hope, and not longer than an OSD takes to
// restart.
func (c *Cluster) awaitServed(ctx context.Context, what string, p Pool, unserved func() *mapping) error {
	short := unserved()
	if short == nil {
		return nil
	}
	hopeless, why := c.explainUnserved(ctx, p, *short)
	for deadline := c.now().Add(restartTimeout); !hopeless && c.now().Before(deadline); {
		step := time.NewTimer(restartInterval)
		select {
		case <-step.C:
		case <-ctx.Done():
			step.Stop()
		}
		if errors.Is(ctx.Err(), context.Canceled) {
			return c.failed(what, "", ctx.Err())
		}
		if ctx.Err() != nil {
			break // the time is up, and the lack of OSDs is why
		}
		if short = unserved(); short == nil {
			return nil
		}
	}
	return &problem.Problem{
		Kind: problem.Unserved, What: what, Why: why,
		Do: fmt.Sprintf("Bring OSDs back that are down or out (ceph osd tree), or give pool %q a CRUSH rule, size and min_size that fit the"+
			" OSDs there are. Then apply again.", p.Name),
	}
}

// refuseFull refuses what would wait until a pool has space again.
func (c *Cluster) refuseFull(ctx context.Context, what string, p Pool) error {
	switch p = c.awaitQuota(ctx, p); {
	case p.QuotaReached:
		return c.failed(what, fmt.Sprintf("pool %q has the flag full_quota", p.Name), EDQUOT)
	case p.Full:
		return c.failed(what, fmt.Sprintf("pool %q has the flag full", p.Name), ENOSPC)
	}
	return nil
}

// slowAnswer is how long an object may take to be read before its OSDs are looked at.
const slowAnswer = 200 * time.Millisecond

// refuseUnanswered reads, and asks refuse beside it if the answer is slow, such as [Cluster.refuseUnserved]: what is read is served, and
// the answer costs the monitors nothing. A refusal is returned while there is no answer; the error of read only tells whether there is.
// Both must return as soon as their context ends; they have returned when this does.
func (c *Cluster) refuseUnanswered(ctx context.Context, refuse, read func(context.Context) error) error {
	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()
	var failed error
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		failed = read(reading)
	}()
	slow := time.NewTimer(slowAnswer)
	defer slow.Stop()
	select {
	case <-answered:
		return nil
	case <-slow.C:
	}
	refusing, stopRefusing := context.WithCancel(ctx)
	defer stopRefusing()
	var refusal error
	decided := make(chan struct{})
	go func() {
		defer close(decided)
		refusal = refuse(refusing)
	}()
	select {
	case <-answered:
		if problem.Unanswered(failed) {
			<-decided
			return refusal
		}
		stopRefusing()
		<-decided
		return nil
	case <-decided:
		if refusal != nil {
			stopReading()
		}
		<-answered
		return refusal
	}
}

// refuseUnservedShared is refuseUnserved for an object that many operations use: that it was served a moment ago counts for all of them,
// that it was not only for those who were waiting at that time.
func (c *Cluster) refuseUnservedShared(ctx context.Context, what, pool, namespace, object string) error {
	general := fmt.Sprintf("Unable to use pool %q of cluster %q.", pool, c.cfg.Label)
	_, err := c.served.Get(readcache.Share(ctx), servedObject{pool, namespace, object}, func(context.Context) (struct{}, error) {
		return struct{}{}, c.refuseUnserved(ctx, general, pool, namespace, object)
	})
	return replaceWhat(err, general, what)
}

// servedObject is an object that was served.
type servedObject struct{ pool, namespace, object string }

// unserved returns the first mapping of these objects that has not enough OSDs; nil also where that can't be asked.
func (c *Cluster) unserved(ctx context.Context, p Pool, namespace string, objects []string) *mapping {
	for _, object := range objects {
		cmd := command{"prefix": "osd map", "pool": p.Name, "object": object}
		if namespace != "" {
			cmd["nspace"] = namespace
		}
		var m mapping
		what := fmt.Sprintf("Unable to find the OSDs of an object in pool %q of cluster %q.", p.Name, c.cfg.Label)
		if err := c.mon(ctx, what, cmd, &m); err == nil && countOSDs(m.Acting) < p.MinSize {
			return &m
		}
	}
	return nil
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

// placementSamples is how many placement groups of a pool are looked at after a change.
const placementSamples = 64

// explainUnserved says why a placement group can't serve, and whether the OSDs that exist could never do it.
func (c *Cluster) explainUnserved(ctx context.Context, p Pool, short mapping) (hopeless bool, why string) {
	why = fmt.Sprintf("Pool %q can't be read or written: its placement group %s is on %s, and min_size is %d.",
		p.Name, short.PG, osdCount(countOSDs(short.Acting)), p.MinSize)
	hopeless, shortage := c.shortage(ctx, p)
	return hopeless, strings.TrimSpace(why + " " + shortage)
}

// shortage says what the pool's rule finds where that is too little, and whether all the OSDs that exist would not be enough.
// It is empty where the rule finds enough, or can't be counted.
func (c *Cluster) shortage(ctx context.Context, p Pool) (hopeless bool, why string) {
	m, err := c.crush(ctx, fmt.Sprintf("Unable to count the OSDs for pool %q of cluster %q.", p.Name, c.cfg.Label))
	if err != nil {
		return false, ""
	}
	wanted := Placement{Rule: p.CrushRule, Size: p.Size, MinSize: p.MinSize}
	found, err := m.osdsFor(wanted, m.available)
	if err != nil || found >= p.Size {
		return false, ""
	}
	all, err := m.osdsFor(wanted, m.existing)
	return err == nil && all < p.MinSize, m.shortage(wanted, found)
}

// mappings asks for the OSDs of a pool's placement groups, of so many at most, evenly chosen.
//
// Similar to: ceph pg map
func (c *Cluster) mappings(ctx context.Context, what string, p Pool, limit int64) ([]mapping, error) {
	present := p.present()
	found := make([]mapping, min(present, limit))
	steps := make([]func() error, len(found))
	for i := range found {
		pgid := fmt.Sprintf("%d.%x", p.ID, int64(i)*present/int64(len(found)))
		steps[i] = func() error { return c.mon(ctx, what, command{"prefix": "pg map", "pgid": pgid}, &found[i]) }
	}
	return found, errors.Join(c.concurrently(steps...)...)
}

// How long a failed operation may look for its cause, and in how many placement groups of each pool.
const (
	causeTimeout = grace.Period
	causeSamples = 4
)

// nameUnserved looks, after an operation that ended without an answer, for pools that can't answer, and names them in the problem.
// The listing of an image's clones waits for every pool of the cluster, not only for the image's own.
func (c *Cluster) nameUnserved(ctx context.Context, failure error) {
	var p *problem.Problem
	if !errors.As(failure, &p) {
		return
	}
	ctx, cancel := grace.Context(ctx, causeTimeout)
	defer cancel()
	pools, err := c.Pools(ctx)
	if err != nil {
		return
	}
	var reasons, names []string
	for _, pool := range pools {
		found, err := c.mappings(ctx, p.What, pool, causeSamples)
		if err != nil {
			return
		}
		i := slices.IndexFunc(found, func(m mapping) bool { return countOSDs(m.Acting) < pool.MinSize })
		if i < 0 {
			continue
		}
		names = append(names, strconv.Quote(pool.Name))
		_, why := c.explainUnserved(ctx, pool, found[i])
		reasons = append(reasons, why)
	}
	if len(names) == 0 {
		return
	}
	p.Why = strings.Join(append([]string{p.Why}, firstOf(reasons, 3)...), " ")
	p.Do = fmt.Sprintf("What needs such a pool waits without end, and some operations need every pool of the cluster."+
		" Bring the OSDs of pool %s back (ceph osd tree), or give it a CRUSH rule, size and min_size that fit the OSDs there are. Then"+
		" apply again.",
		strings.Join(firstOf(names, 5), ", "))
}
