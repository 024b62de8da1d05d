package cephpool

import (
	"context"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// refuseRename refuses in the plan what the cluster would refuse during the apply: by then an image whose pool argument follows the name
// may be deleted.
func refuseRename(ctx context.Context, cluster *ceph.Cluster, from, to string) error {
	taken, err := cluster.Pool(ctx, to)
	if err == nil {
		return &problem.Problem{
			Kind: problem.Exists,
			What: fmt.Sprintf("Pool %q on cluster %q can't be renamed to %q.", from, cluster.Label(), to),
			Why:  fmt.Sprintf("The cluster already has a pool %q, with id %d.", to, taken.ID),
			Do:   "Choose another name, or delete or rename that pool in an apply before.",
		}
	}
	if !problem.Is(err, problem.NotFound) {
		return err
	}
	return refuseRenameUnderWatchers(ctx, cluster, from, to)
}

// refuseRenameUnderWatchers refuses to rename a pool while guests have images in it open, because their capabilities name the pool.
func refuseRenameUnderWatchers(ctx context.Context, cluster *ceph.Cluster, from, to string) error {
	return refuseUnderWatchers(ctx, cluster, from, fmt.Sprintf("renamed to %q", to),
		"The next write of a guest would fail after a rename. Shut the guests down or detach the disks, rename, and start them again.")
}
