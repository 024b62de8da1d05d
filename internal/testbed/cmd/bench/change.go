package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// barChange is what apply and destroy may take at most, as a multiple of Terraform with the floor and the client library together.
const barChange = 1.3

// changed is what apply and destroy of one side of a comparison take. It has a state of its own.
type changed struct {
	*workspace
	binary             string
	applied, destroyed []sample
}

// newChanged returns a side that runs a binary of the provider with the objects of a file.
func (b *bench) newChanged(ctx context.Context, binary, file string, environment ...string) (*changed, error) {
	w, err := b.workspace(ctx, "provider.tf", file)
	if err != nil {
		return nil, err
	}
	w.extra = environment
	return &changed{workspace: w, binary: binary}, nil
}

// once makes n objects and destroys them.
func (c *changed) once(ctx context.Context, n int) error {
	for _, step := range []struct {
		command string
		to      *[]sample
	}{{"apply", &c.applied}, {"destroy", &c.destroyed}} {
		s, err := c.run(ctx, c.binary, n, step.command, "-auto-approve")
		if err != nil {
			return err
		}
		*step.to = append(*step.to, s)
	}
	return nil
}

// changeRow measures apply and destroy. What they can't be faster than is Terraform with a provider that does nothing, and the same changes
// by the client library alone, in the pool if there is one.
func changeRow(file, pool string) func(context.Context, *bench, int) ([]result, error) {
	return func(ctx context.Context, b *bench, n int) ([]result, error) {
		ours, err := b.newChanged(ctx, b.ours, file)
		if err != nil {
			return nil, err
		}
		floor, err := b.newChanged(ctx, b.floor, file)
		if err != nil {
			return nil, err
		}
		var loops [][]float64
		for range rounds {
			if err := errors.Join(ours.once(ctx, n), floor.once(ctx, n)); err != nil {
				return nil, err
			}
			took, err := b.loop(ctx, pool, n)
			if err != nil {
				return nil, err
			}
			loops = append(loops, took)
		}
		create, remove := loopMedian(loops, 0), loopMedian(loops, 2)
		return []result{
			besideFloors("apply", medians(ours.applied), medians(floor.applied), create),
			besideFloors("destroy", medians(ours.destroyed), medians(floor.destroyed), remove),
			{What: "read by library", Unit: "s", Ours: loopMedian(loops, 1)},
		}, nil
	}
}

// barRecords is what the records of creates may cost at most, as a multiple of creates without them.
const barRecords = 1.1

// recordsRow measures apply and destroy of users beside the same by a user of the provider who may not write the records by which a create
// that is cut off is taken up.
func recordsRow(ctx context.Context, b *bench, n int) ([]result, error) {
	const unrecorded = "client.unrecorded"
	caps := []string{"mon", "allow service auth rwx, allow service mon rwx"}
	if _, err := b.cluster.Ceph(ctx, append([]string{"auth", "get-or-create", unrecorded}, caps...)...); err != nil {
		return nil, err
	}
	key, err := b.cluster.Ceph(ctx, "auth", "print-key", unrecorded)
	if err != nil {
		return nil, err
	}
	with, err := b.newChanged(ctx, b.ours, "users.tf")
	if err != nil {
		return nil, err
	}
	without, err := b.newChanged(ctx, b.ours, "users.tf", "TF_VAR_user=unrecorded", "TF_VAR_key="+strings.TrimSpace(string(key)))
	if err != nil {
		return nil, err
	}
	for range rounds {
		if err := errors.Join(with.once(ctx, n), without.once(ctx, n)); err != nil {
			return nil, err
		}
	}
	beside := func(what string, ours, other []sample) result {
		return result{
			What: what, Unit: "s", Ours: medians(ours).Wall, Of: "without records", Other: medians(other).Wall, Bar: barRecords,
		}
	}
	return []result{beside("apply", with.applied, without.applied), beside("destroy", with.destroyed, without.destroyed)}, nil
}

func besideFloors(what string, ours, floor sample, library float64) result {
	return result{
		What: what, Unit: "s", Ours: ours.Wall, Of: "both floors", Other: floor.Wall + library, Bar: barChange,
		Remark: fmt.Sprintf("floor %.2f s, client library %.2f s; provider CPU %.2f s beside %.2f s", floor.Wall, library, ours.CPU, floor.CPU),
	}
}

func loopMedian(loops [][]float64, step int) float64 {
	return median(loops, func(took []float64) float64 { return took[step] })
}

// loop makes, reads and deletes as many objects with the client library alone, and returns the seconds of each.
func (b *bench) loop(ctx context.Context, pool string, n int) ([]float64, error) {
	command := exec.CommandContext(ctx, b.library, "-conf", b.cluster.ConfigFile, "-pool", pool, "-n", strconv.Itoa(n))
	output, err := command.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", b.library, err, output)
	}
	took := make([]float64, 3)
	if _, err := fmt.Sscan(string(output), &took[0], &took[1], &took[2]); err != nil {
		return nil, fmt.Errorf("%s said %q: %w", b.library, output, err)
	}
	return took, nil
}
