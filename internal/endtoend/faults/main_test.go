//go:build cgo

package faults_test

import (
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// east has three monitors, of which one can die.
func TestMain(m *testing.M) {
	acctest.Main(m, testbed.Options{Clusters: []testbed.ClusterOptions{{Name: "east", Monitors: 3}, {Name: "west"}}})
}
