//go:build cgo

package rados_test

import (
	"runtime"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados"
)

// A connection that was used and closed, and one that could not be made, leave nothing behind.
func TestNothingIsLeftOfConnections(t *testing.T) {
	_, c := east(t)
	var all []*ceph.Cluster // so that the garbage collector ends none of them
	t.Run("closed", func(t *testing.T) {
		expect.NothingLeft(t, func() {
			cluster := ceph.NewCluster(configOf(c), rados.Dial)
			defer cluster.Close()
			all = append(all, cluster)
			_, err := cluster.Pools(limited(t))
			expect.NoError(t, err)
		})
	})
	t.Run("refused", func(t *testing.T) {
		expect.NothingLeft(t, func() {
			config := configOf(c)
			config.User = "nobody"
			cluster := ceph.NewCluster(config, rados.Dial)
			defer cluster.Close()
			all = append(all, cluster)
			if _, err := cluster.FSID(limited(t)); err == nil {
				t.Fatal("a user who is not there was let in")
			}
		})
	})
	runtime.KeepAlive(all)
}
