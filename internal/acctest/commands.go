//go:build cgo

package acctest

import (
	"context"
	"strings"
	"testing"
	"time"
)

// commandTimeout limits one command of a second view.
const commandTimeout = 3 * time.Minute

// Ceph runs the ceph command on a cluster and returns its output without the last line break. Similar to: ceph ARGS.
func Ceph(t testing.TB, cluster string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	out, err := bed.Cluster(cluster).Ceph(ctx, args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// RBD runs the rbd command on a cluster and returns its output without the last line break. Similar to: rbd ARGS.
func RBD(t testing.TB, cluster string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	out, err := bed.Cluster(cluster).RBD(ctx, args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// Virsh runs the virsh command on a hypervisor and returns its output without the last line break. Similar to: virsh ARGS.
func Virsh(t testing.TB, hypervisor string, args ...string) string {
	t.Helper()
	return VirshIn(t, hypervisor, "", args...)
}

// VirshIn is [Virsh] with a standard input, which an argument can name as /dev/stdin. Similar to: virsh ARGS.
func VirshIn(t testing.TB, hypervisor, stdin string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	out, err := bed.Hypervisor(hypervisor).VirshIn(ctx, stdin, args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}
