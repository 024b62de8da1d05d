//go:build cgo

package rados_test

import (
	"maps"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func TestPoolConfig(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	newPool(t, cluster, "tuned")
	ask(t, c, "osd", "pool", "create", "bare", "4")
	t.Cleanup(func() { ask(t, c, "osd", "pool", "delete", "bare", "bare", "--yes-i-really-really-mean-it") })
	has := func(pool string, want map[string]string) {
		t.Helper()
		if got, err := cluster.PoolConfig(ctx, pool); err != nil || !maps.Equal(got, want) {
			t.Errorf("%s has %v, %v", pool, got, err)
		}
	}
	has("tuned", nil)
	has("bare", nil) // without RBD's bookkeeping
	rbd(t, c, "config", "pool", "set", "tuned", "rbd_cache", "false")
	expect.NoError(t, cluster.SetPoolConfig(ctx, "tuned", map[string]string{"rbd_qos_iops_limit": "5", "rbd_qos_bps_limit": "1M"}, nil))
	has("tuned", map[string]string{"rbd_cache": "false", "rbd_qos_iops_limit": "5", "rbd_qos_bps_limit": "1M"})
	expect.NoError(t, cluster.SetPoolConfig(ctx, "tuned", nil, []string{"rbd_qos_bps_limit", "rbd_never_set"}))
	has("tuned", map[string]string{"rbd_cache": "false", "rbd_qos_iops_limit": "5"})

	// Of several, those that librbd takes are set.
	err := cluster.SetPoolConfig(ctx, "tuned", map[string]string{"rbd_nonsense": "1", "rbd_qos_iops_limit": "many", "rbd_cache": "true"}, nil)
	expect.Problem(t, err, problem.Invalid, "knows no setting of this name", "has no such value")
	has("tuned", map[string]string{"rbd_cache": "true", "rbd_qos_iops_limit": "5"})
	err = cluster.SetPoolConfig(ctx, "tuned", map[string]string{"rbd_op_threads": "2"}, nil)
	expect.Problem(t, err, problem.Invalid, "counts for whole clients")

	expect.NoError(t, cluster.CheckConfig(ctx, "rbd_cache", "true"))
	expect.Problem(t, cluster.CheckConfig(ctx, "rbd_cache", "maybe"), problem.Invalid, "has no such value")
	expect.Problem(t, cluster.CheckConfig(ctx, "rbd_nonsense", "1"), problem.Invalid, "knows no setting of this name")
	expect.NoError(t, cluster.TellPoolConfig(ctx, "tuned"))
}
