package main

import (
	"context"
	_ "embed"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"
)

//go:embed seed.sh
var seedScript string

// seedRow measures the whole procedure that the provider replaces, on two clusters and a running guest, beside its commands in a shell
// script.
func seedRow(ctx context.Context, b *bench, n int) ([]result, error) {
	if err := b.startGuests(ctx); err != nil {
		return nil, err
	}
	w, err := b.workspace(ctx, "provider_hosts.tf", "seed.tf")
	if err != nil {
		return nil, err
	}
	east, west := b.bed.Clusters()[0], b.bed.Clusters()[1]
	script := func(step string) error {
		command := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", seedScript, "seed", step)
		command.Dir = w.dir
		command.Env = append(b.env, "XDG_CACHE_HOME="+filepath.Join(w.dir, "cache"), "EAST="+east.ConfigFile, "WEST="+west.ConfigFile,
			"EAST_HOSTS="+hosts(east), "WEST_HOSTS="+hosts(west), "URI="+b.hypervisor().URI)
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("the script: %w\n%s", err, out)
		}
		return nil
	}
	var ours, byHand []sample
	for range rounds {
		s, err := w.run(ctx, b.ours, n, "apply", "-auto-approve")
		ours = append(ours, s)
		if err == nil {
			_, err = w.run(ctx, b.ours, n, "destroy", "-auto-approve")
		}
		if err != nil {
			return nil, err
		}
		took, err := timed(func() error { return script("make") })
		byHand = append(byHand, took)
		if err == nil {
			err = script("remove")
		}
		if err != nil {
			return nil, err
		}
	}
	return []result{{What: "apply", Unit: "s", Ours: medians(ours).Wall, Of: "shell script", Other: medians(byHand).Wall, Bar: 0.6}}, nil
}

// timed measures what is no command of Terraform.
func timed(do func() error) (sample, error) {
	started := time.Now()
	err := do()
	return sample{Wall: time.Since(started).Seconds()}, err
}
