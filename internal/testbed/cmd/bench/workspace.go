package main

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/terraformcli"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

//go:embed *.tf
var configurations embed.FS

const provider = "build/terraform-provider-ceph"

// bench is a bed and how Terraform is run against it.
type bench struct {
	bed       *testbed.Bed
	cluster   *testbed.Cluster
	terraform string
	env       []string
}

// newBench starts a cluster with the intervals that Ceph has by default.
func newBench(ctx context.Context) (*bench, error) {
	terraform, err := terraformcli.Find(ctx, "build")
	if err != nil {
		return nil, err
	}
	if terraform, err = filepath.Abs(terraform); err != nil {
		return nil, err
	}
	bed, err := testbed.Start(ctx, testbed.Options{
		Clusters:    []testbed.ClusterOptions{{Name: "east", DefaultIntervals: true}},
		Hypervisors: []string{},
	})
	if err != nil {
		return nil, err
	}
	b := &bench{bed: bed, cluster: bed.Cluster("east"), terraform: terraform}
	// With a user of its own the provider's sessions are told from those of the ceph command.
	_, err = b.cluster.Ceph(ctx, "auth", "get-or-create", entity, "mon", "allow *", "mgr", "allow *", "osd", "allow *")
	if err == nil {
		err = b.prepare(ctx)
	}
	if err != nil {
		_ = bed.Stop() // the first error says what is wrong
		return nil, err
	}
	return b, nil
}

func (b *bench) prepare(ctx context.Context) error {
	key, err := b.cluster.Ceph(ctx, "auth", "print-key", entity)
	if err != nil {
		return err
	}
	config, err := terraformcli.Mirror(filepath.Join(b.bed.Dir, "terraform"), provider)
	if err != nil {
		return err
	}
	b.env = append(terraformcli.Env(config), b.bed.Mark(), "TF_VAR_mon_host="+b.cluster.MonHost, "TF_VAR_key="+string(bytes.TrimSpace(key)))
	return nil
}

// workspace is a folder with some of the configurations.
type workspace struct {
	*bench
	dir string
}

func (b *bench) workspace(ctx context.Context, files ...string) (*workspace, error) {
	dir, err := os.MkdirTemp(b.bed.Dir, "work-")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		content, err := configurations.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	w := &workspace{bench: b, dir: dir}
	_, err = w.run(ctx, 0, "init")
	return w, err
}

// run runs terraform for n objects and returns how long it took.
func (w *workspace) run(ctx context.Context, n int, args ...string) (time.Duration, error) {
	command := exec.CommandContext(ctx, w.terraform, append(args, "-input=false", "-no-color")...)
	command.Dir, command.Env = w.dir, append(w.env, "TF_VAR_n="+strconv.Itoa(n))
	started := time.Now()
	if output, err := command.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("terraform %s: %w\n%s", args[0], err, output)
	}
	return time.Since(started), nil
}
