package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/terraformcli"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// entity is the user that the provider connects as, and nobody else.
const entity = "client.bench"

// bench is a bed and how Terraform is run against it.
type bench struct {
	settings
	bed       *testbed.Bed
	cluster   *testbed.Cluster // the first
	terraform string
	env       []string
	usage     string // the file that the launcher appends to
}

// newBench starts a bed.
func newBench(ctx context.Context, s settings, options testbed.Options) (*bench, error) {
	terraform, err := terraformcli.Find(ctx, "build")
	if err != nil {
		return nil, err
	}
	if terraform, err = filepath.Abs(terraform); err != nil {
		return nil, err
	}
	bed, err := testbed.Start(ctx, options)
	if err != nil {
		return nil, err
	}
	b := &bench{settings: s, bed: bed, cluster: bed.Clusters()[0], terraform: terraform, usage: filepath.Join(bed.Dir, "usage")}
	if err := b.prepare(ctx); err != nil {
		_ = bed.Stop() // the first error says what is wrong
		return nil, err
	}
	return b, nil
}

func (b *bench) prepare(ctx context.Context) error {
	if _, err := b.cluster.Ceph(ctx, "auth", "get-or-create", entity, "mon", "allow *", "mgr", "allow *", "osd", "allow *"); err != nil {
		return err
	}
	if _, err := b.cluster.Ceph(ctx, "osd", "pool", "create", "vms", "8"); err != nil {
		return err
	}
	if _, err := b.cluster.RBD(ctx, "pool", "init", "vms"); err != nil {
		return err
	}
	key, err := b.cluster.Ceph(ctx, "auth", "print-key", entity)
	if err != nil {
		return err
	}
	config, err := terraformcli.Mirror(filepath.Join(b.bed.Dir, "terraform"), b.launcher)
	if err != nil {
		return err
	}
	b.env = append(terraformcli.Env(config), b.bed.Mark(), "BENCH_USAGE="+b.usage,
		"TF_VAR_mon_host="+b.cluster.MonHost, "TF_VAR_key="+string(bytes.TrimSpace(key)))
	for _, other := range b.bed.Clusters()[1:] {
		b.env = append(b.env, fmt.Sprintf("TF_VAR_%s={mon_host=%q}", other.Name, other.MonHost), "TF_VAR_"+other.Name+"_key="+other.AdminKey)
	}
	for _, hypervisor := range b.bed.Hypervisors() {
		b.env = append(b.env, "TF_VAR_uri="+hypervisor.URI)
	}
	return nil
}
