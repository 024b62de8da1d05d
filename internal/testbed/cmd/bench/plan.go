package main

import (
	"context"
	"fmt"
)

// bars are the limits of a plan: provider CPU and wall time as multiples of the floor's, provider CPU as a multiple of that of BASE.
type bars struct{ cpu, wall, base float64 }

// planRow measures plans that find nothing to do, on the state that the provider wrote.
func planRow(file string, limits bars) func(context.Context, *bench, int) ([]result, error) {
	return func(ctx context.Context, b *bench, n int) ([]result, error) {
		return b.comparePlans(ctx, n, limits, "provider.tf", file)
	}
}

// comparePlans measures plans of n objects of these files.
func (b *bench) comparePlans(ctx context.Context, n int, limits bars, files ...string) ([]result, error) {
	w, err := b.workspace(ctx, files...)
	if err != nil {
		return nil, err
	}
	used, err := w.plans(ctx, n)
	if err != nil {
		return nil, err
	}
	return compare(used, limits), nil
}

// plans applies n objects and measures plans of them.
func (w *workspace) plans(ctx context.Context, n int) ([]sample, error) {
	if _, err := w.run(ctx, w.ours, n, "apply", "-auto-approve"); err != nil {
		return nil, err
	}
	return w.inTurn(func(binary string) (sample, error) {
		// Changes are an error, so that only plans that find none are compared.
		return w.run(ctx, binary, n, "plan", "-detailed-exitcode")
	})
}

// binaries are those that are compared: the provider, the floor and, where one is given, BASE.
func (b *bench) binaries() []string {
	all := []string{b.ours, b.floor}
	if b.base != "" {
		all = append(all, b.base)
	}
	return all
}

// inTurn measures each binary once in each round, so that a machine that gets slower slows all of them, and returns the medians.
func (b *bench) inTurn(measure func(binary string) (sample, error)) ([]sample, error) {
	samples := make([][]sample, len(b.binaries()))
	for range rounds {
		for i, binary := range b.binaries() {
			s, err := measure(binary)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", binary, err)
			}
			samples[i] = append(samples[i], s)
		}
	}
	used := make([]sample, 0, len(samples))
	for _, s := range samples {
		used = append(used, medians(s))
	}
	return used, nil
}

// compare makes lines of the medians of ours, the floor and perhaps BASE.
func compare(used []sample, limits bars) []result {
	ours, floor := used[0], used[1]
	results := []result{
		{What: "provider CPU", Unit: "s", Ours: ours.CPU, Of: "floor", Other: floor.CPU, Bar: limits.cpu},
		{What: "wall time", Unit: "s", Ours: ours.Wall, Of: "floor", Other: floor.Wall, Bar: limits.wall},
		{What: "peak memory", Unit: "MB", Ours: ours.Memory, Of: "floor", Other: floor.Memory},
	}
	if len(used) > 2 {
		base := used[2]
		results = append(results,
			result{What: "provider CPU", Unit: "s", Ours: ours.CPU, Of: "BASE", Other: base.CPU, Bar: limits.base},
			result{What: "wall time", Unit: "s", Ours: ours.Wall, Of: "BASE", Other: base.Wall},
			result{What: "peak memory", Unit: "MB", Ours: ours.Memory, Of: "BASE", Other: base.Memory, Bar: barMemory},
		)
	}
	return results
}
