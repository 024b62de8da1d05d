package libvirt

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// callsAtATime of a connection: a daemon serves five, and one is left for the rest of the provider.
const callsAtATime = 4

// Each asks a host about several things, as many at a time as it serves, and returns the answers in the same order. A thing that the host
// doesn't have (problem.NotFound) is left out.
func Each[T, R any](ctx context.Context, things []T, ask func(context.Context, T) (R, error)) ([]R, error) {
	answers := make([]*R, len(things))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(callsAtATime)
	for i, thing := range things {
		group.Go(func() error {
			answer, err := ask(ctx, thing)
			if err == nil {
				answers[i] = &answer
			} else if problem.Is(err, problem.NotFound) {
				err = nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	there := make([]R, 0, len(answers))
	for _, answer := range answers {
		if answer != nil {
			there = append(there, *answer)
		}
	}
	return there, nil
}

// thingsAtATime is how many things are asked about before the answers are visited: it bounds what a listing keeps in memory.
const thingsAtATime = 4 * callsAtATime

// VisitEach is Each for answers that are visited, in the order of the things, until visit returns false.
func VisitEach[T, R any](ctx context.Context, things []T, ask func(context.Context, T) (R, error), visit func(R) bool) error {
	for some := range slices.Chunk(things, thingsAtATime) {
		answers, err := Each(ctx, some, ask)
		if err != nil {
			return err
		}
		for _, answer := range answers {
			if !visit(answer) {
				return nil
			}
		}
	}
	return nil
}
