package ceph

import (
	"context"
	"errors"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// RenamePool renames a pool. A pool that already has the new name is problem.Exists.
//
// Similar to: ceph osd pool rename
func (c *Cluster) RenamePool(ctx context.Context, from, to string) error {
	what := fmt.Sprintf("Unable to rename pool %q of cluster %q to %q.", from, c.cfg.Label, to)
	denied, err := c.monStatus(ctx, what, command{"prefix": "osd pool rename", "srcpool": from, "destpool": to}, nil)
	var p *problem.Problem
	switch {
	case !errors.As(err, &p):
		return err
	case denied.is(EEXIST):
		p.Why, p.Do = fmt.Sprintf("The cluster already has a pool %q.", to), "Choose another name."
	case denied.is(ENOENT):
		p.Why, p.Do = fmt.Sprintf("The cluster has no pool %q.", from), "Apply again: the next refresh shows what became of the pool."
	}
	return p
}
