//go:build cgo

package faults_test

import (
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// east has three monitors, of which one can die, and notices soon that a pool is full.
func TestMain(m *testing.M) {
	acctest.Main(m, testbed.Options{Clusters: []testbed.ClusterOptions{
		{
			Name: "east", Monitors: 3,
			Config: map[string]string{"mon_tick_interval": "1", "mon_mgr_digest_period": "1", "mgr_stats_period": "1"},
		},
		{Name: "west"},
	}})
}
