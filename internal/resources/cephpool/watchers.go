package cephpool

import (
	"context"
	"fmt"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func refuseUnderWatchers(ctx context.Context, cluster *ceph.Cluster, name, what, do string) error {
	open, err := cluster.PoolWatchers(ctx, name)
	if err != nil || len(open) == 0 {
		return err
	}
	lines := make([]string, len(open))
	for i, image := range open {
		lines[i] = fmt.Sprintf("%s by %s", image.ImageRef, ceph.DescribeWatchers(image.Watchers))
	}
	return &problem.Problem{
		Kind: problem.Busy,
		What: fmt.Sprintf("Pool %q on cluster %q can't be %s while images in it are open: %s.", name, cluster.Label(), what,
			strings.Join(lines, ", ")),
		Do: do,
	}
}
