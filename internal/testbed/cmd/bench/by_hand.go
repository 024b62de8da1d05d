package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const handMade = "by-hand"

// makePoolByHand makes the pool of pools.tf with one command after the other, as a page of instructions has it.
func makePoolByHand(ctx context.Context, cluster *testbed.Cluster) error {
	commands := [][]string{
		{"osd", "pool", "create", handMade, "8", "8", "replicated", "--autoscale_mode=off"},
		{"osd", "pool", "set", handMade, "pg_num_min", "4"},
		{"osd", "pool", "set", handMade, "min_size", "1"},
		{"osd", "pool", "set", handMade, "target_size_ratio", "0.1"},
		{"osd", "pool", "set-quota", handMade, "max_bytes", "1073741824"},
		{"osd", "pool", "set-quota", handMade, "max_objects", "1000"},
		{"osd", "pool", "set", handMade, "compression_mode", "passive"},
		{"osd", "pool", "set", handMade, "compression_algorithm", "snappy"},
		{"osd", "pool", "set", handMade, "compression_required_ratio", "0.8"},
	}
	for _, args := range commands {
		// As it is on a command line: the testbed's own Ceph doesn't load the command each time.
		command := exec.CommandContext(ctx, "ceph", append([]string{"--conf", cluster.ConfigFile}, args...)...)
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("ceph %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	_, err := cluster.RBD(ctx, "pool", "init", handMade)
	return err
}

func removePoolMadeByHand(ctx context.Context, cluster *testbed.Cluster) error {
	_, err := cluster.Ceph(ctx, "osd", "pool", "delete", handMade, handMade, "--yes-i-really-really-mean-it")
	return err
}
