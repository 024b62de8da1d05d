package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

//go:embed *.tf
var configurations embed.FS

// maxOutput is how many bytes of what Terraform said an error shows: with many objects it is the same many times.
const maxOutput = 2000

// workspace is a folder with some of the configurations.
type workspace struct {
	*bench
	dir   string
	extra []string // environment besides that of the bench
}

func (b *bench) workspace(ctx context.Context, files ...string) (*workspace, error) {
	dir, err := os.MkdirTemp(b.bed.Dir, "work-")
	if err != nil {
		return nil, err
	}
	for _, name := range append([]string{"terraform.tf"}, files...) {
		content, err := configurations.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	w := &workspace{bench: b, dir: dir}
	_, err = w.terraformTook(ctx, b.ours, 0, "init")
	return w, err
}

// run runs terraform for n objects with one of the binaries.
func (w *workspace) run(ctx context.Context, binary string, n int, args ...string) (sample, error) {
	if err := os.Remove(w.usage); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return sample{}, err
	}
	took, err := w.terraformTook(ctx, binary, n, args...)
	if err != nil {
		return sample{}, err
	}
	return readUsage(w.usage, took)
}

func (w *workspace) terraformTook(ctx context.Context, binary string, n int, args ...string) (time.Duration, error) {
	command := exec.CommandContext(ctx, w.terraform, append(args, "-input=false", "-no-color")...)
	command.Dir, command.Env = w.dir, slices.Concat(w.env, []string{"BENCH_PROVIDER=" + binary, "TF_VAR_n=" + strconv.Itoa(n)}, w.extra)
	started := time.Now()
	if output, err := command.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("terraform %s: %w\n%s", args[0], err, output[max(0, len(output)-maxOutput):])
	}
	return time.Since(started), nil
}
