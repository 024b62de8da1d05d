package ceph

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
)

// concurrently runs steps that share one proposal of the monitors, and returns all their errors.
func (c *Cluster) concurrently(steps ...func() error) []error {
	failures := make([]error, len(steps))
	var group errgroup.Group
	group.SetLimit(16)
	for i, step := range steps {
		group.Go(func() error {
			failures[i] = step()
			return nil
		})
	}
	_ = group.Wait()
	return failures
}

// inPools asks about each pool and joins the answers. A pool that is deleted meanwhile, as when one destroy removes several, has none.
func inPools[T any](ctx context.Context, c *Cluster, what string, pools []Pool, ask func(Pool) ([]T, error)) ([]T, error) {
	return gather(pools, func(pool Pool) ([]T, error) {
		found, err := ask(pool)
		if err != nil && c.poolIsGone(ctx, what, pool.ID) {
			return nil, nil
		}
		return found, err
	})
}

// gather asks about several things, eight at a time, and returns all that was found.
func gather[T, R any](things []T, ask func(T) ([]R, error)) ([]R, error) {
	found := make([][]R, len(things))
	var group errgroup.Group
	group.SetLimit(8)
	for i, thing := range things {
		group.Go(func() (err error) {
			found[i], err = ask(thing)
			return err
		})
	}
	err := group.Wait()
	return slices.Concat(found...), err
}

// poolIsGone tells whether a complete listing proves that a pool doesn't exist any more.
func (c *Cluster) poolIsGone(ctx context.Context, what string, id int64) bool {
	pools, err := c.pools(ctx, what)
	return err == nil && !slices.ContainsFunc(pools, func(p Pool) bool { return p.ID == id })
}
