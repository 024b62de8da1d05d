package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

const handMade = "by-hand"

// poolsRow measures the creation of pools beside the same command by command. Ceph's own proposals are the floor.
func poolsRow(ctx context.Context, b *bench, n int) ([]result, error) {
	w, err := b.workspace(ctx, "provider.tf", "full_pools.tf")
	if err != nil {
		return nil, err
	}
	var byHand, one, many []sample
	for range rounds {
		took, err := b.makePoolByHand(ctx)
		if err != nil {
			return nil, err
		}
		byHand = append(byHand, sample{Wall: took.Seconds()})
		for _, made := range []struct {
			to *[]sample
			n  int
		}{{&one, 1}, {&many, n}} {
			s, err := w.run(ctx, b.ours, made.n, "apply", "-auto-approve", fmt.Sprintf("-parallelism=%d", n))
			if err != nil {
				return nil, err
			}
			*made.to = append(*made.to, s)
			if _, err := w.run(ctx, b.ours, made.n, "destroy", "-auto-approve", fmt.Sprintf("-parallelism=%d", n)); err != nil {
				return nil, err
			}
		}
	}
	single := medians(one).Wall
	return []result{
		{What: "one, apply", Unit: "s", Ours: single, Of: "bare commands", Other: medians(byHand).Wall, Bar: 1.1},
		{What: "all, apply", Unit: "s", Ours: medians(many).Wall, Of: "one", Other: single, Bar: 1.3},
	}, nil
}

// makePoolByHand makes a pool with the two commands without which there is none, and removes it. It returns how long the two took.
func (b *bench) makePoolByHand(ctx context.Context) (time.Duration, error) {
	started := time.Now()
	for _, command := range []string{
		"ceph osd pool create " + handMade + " 8 8 replicated --autoscale_mode=off", "rbd pool init " + handMade,
	} {
		// As it is on a command line: the testbed's own Ceph doesn't load the command each time.
		fields := strings.Fields(command)
		out, err := exec.CommandContext(ctx, fields[0], append([]string{"--conf", b.cluster.ConfigFile}, fields[1:]...)...).CombinedOutput()
		if err != nil {
			return 0, fmt.Errorf("%s: %w\n%s", command, err, out)
		}
	}
	took := time.Since(started)
	_, err := b.cluster.Ceph(ctx, "osd", "pool", "delete", handMade, handMade, "--yes-i-really-really-mean-it")
	return took, err
}
