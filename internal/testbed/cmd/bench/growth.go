package main

import (
	"context"
	"fmt"
)

// barGrowth is what one more object among many may cost at most, as a multiple of what it costs among few.
const barGrowth = 1.15

// point is the provider CPU of a plan of so many objects.
type point struct {
	N           int
	Ours, Floor float64
}

// growthRow measures plans of a tenth, a third and all of the objects.
func growthRow(file string) func(context.Context, *bench, int) ([]result, error) {
	return func(ctx context.Context, b *bench, n int) ([]result, error) {
		b.base = "" // its growth isn't asked for
		w, err := b.workspace(ctx, "provider.tf", file)
		if err != nil {
			return nil, err
		}
		var points []point
		for _, size := range []int{n / 10, n / 3, n} {
			used, err := w.plans(ctx, size)
			if err != nil {
				return nil, err
			}
			points = append(points, point{N: size, Ours: used[0].CPU, Floor: used[1].CPU})
		}
		return growth(points), nil
	}
}

// growth compares what one more object costs between the last two points with what it costs between the first two.
func growth(points []point) []result {
	perObject := func(from, to point) float64 { return (to.Ours - from.Ours) / float64(to.N-from.N) * 1000 }
	few, many := perObject(points[0], points[1]), perObject(points[1], points[2])
	results := []result{{
		What: "CPU per object", Unit: "ms", Ours: many, Of: fmt.Sprintf("below %d", points[1].N), Other: few, Bar: barGrowth,
	}}
	for _, p := range points {
		results = append(results, result{What: fmt.Sprintf("CPU of %d", p.N), Unit: "s", Ours: p.Ours, Of: "floor", Other: p.Floor, At: p.N})
	}
	return results
}
