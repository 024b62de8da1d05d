package main

import (
	"context"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// rounds is how often each is measured, in turn. The median counts.
const rounds = 5

// row is what is measured on a bed of its own.
type row struct {
	name        string
	short, full int      // objects in make bench and in make bench-full
	clusters    []string // besides the first
	hypervisors []string
	measure     func(context.Context, *bench, int) ([]result, error)
}

// The bars: what the provider may cost at most, as a multiple of what it is compared with.
const (
	barMemory = 1.5
	barList   = 1.4 // provider CPU of what needs no more than a listing: users and pools
	barOpen   = 1.8 // of what is opened or read one by one: images and disks
)

var rows = []row{
	{name: "plan-users", short: 300, full: 1000, measure: planRow("users.tf", bars{barList, 1.3, 0.5})},
	{name: "plan-pools", short: 100, full: 200, measure: planRow("pools.tf", bars{barList, 1.3, 0.5})},
	{name: "plan-images", short: 300, full: 1000, measure: planRow("images.tf", bars{barOpen, 1.5, 0.4})},
	{name: "plan-disks", short: 300, full: 540, hypervisors: []string{"kvm1"}, measure: disksRow(bars{barOpen, 1.5, 0.4})},
	{name: "attach", short: 20, full: 20, hypervisors: []string{"kvm1"}, measure: attachRow},
	{name: "seed", short: 1, full: 1, clusters: []string{"west"}, hypervisors: []string{"kvm1"}, measure: seedRow},
	{name: "change-users", short: 300, full: 1000, measure: changeRow("users.tf", "")},
	{name: "change-images", short: 300, full: 1000, measure: changeRow("images.tf", "vms")},
	{name: "records", short: 300, full: 1000, measure: recordsRow},
	{name: "pools", short: 20, full: 20, measure: poolsRow},
	{name: "schema", measure: schemaRow},
	{name: "growth-users", short: 1000, full: 3000, measure: growthRow("users.tf")},
	{name: "growth-images", short: 1000, full: 3000, measure: growthRow("images.tf")},
}

func names() []string {
	var all []string
	for _, r := range rows {
		all = append(all, r.name)
	}
	return all
}

// report measures the row, unless a run that was interrupted has, and prints and keeps its results.
func (r row) report(ctx context.Context, s settings) (kept, error) {
	n := r.short
	if s.full {
		n = r.full
	}
	if s.n > 0 {
		n = s.n
	}
	k := kept{folder: s.to, row: r.name, N: n}
	if err := k.identify(s); err != nil {
		return k, err
	}
	if s.full && k.load() {
		k.print()
		return k, nil
	}
	options := testbed.Options{Hypervisors: append([]string{}, r.hypervisors...)} // not nil, which would be two
	for _, name := range append([]string{"east"}, r.clusters...) {
		options.Clusters = append(options.Clusters, testbed.ClusterOptions{Name: name, DefaultIntervals: true})
	}
	b, err := newBench(ctx, s, options)
	if err != nil {
		return k, err
	}
	k.Results, err = r.measure(ctx, b, n)
	if stopErr := b.bed.Stop(); err == nil {
		err = stopErr
	}
	if err != nil {
		return k, err
	}
	k.print()
	return k, k.save()
}
