//go:build cgo

package faults_test

import (
	"context"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// cephFaults are those of clusters.
func cephFaults() []fault {
	return []fault{
		{
			name: "the cluster is frozen",
			begin: func(r *run) {
				r.ends(func() error { return thaw(r.east) })
				r.must(r.east.Pause())
			},
			rows: []row{
				{operation: refreshes, says: []string{"Unable to read Ceph pool", `cluster "east"`}},
				{operation: creates, says: []string{"Unable to plan Ceph pool", `cluster "east"`}},
				{operation: changes, says: []string{"Unable to plan Ceph pool", `cluster "east"`}},
				{operation: destroys, says: []string{`cluster "east"`}},
				{
					operation: creates, midst: call{"Create", "ceph_rbd_image"}, says: []string{`Cluster "east" did not answer within its`},
				},
			},
		},
	}
}

// thaw resumes a cluster, and waits until its OSDs, which the monitors may have marked down, serve images again.
func thaw(c *testbed.Cluster) error {
	if err := c.Resume(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	return c.WaitUsable(ctx)
}
