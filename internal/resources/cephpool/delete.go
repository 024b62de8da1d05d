package cephpool

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// mayDelete refuses to delete a pool that is still in use, or of which that can't be found out.
func (r *poolResource) mayDelete(ctx context.Context, cluster *ceph.Cluster, pool ceph.Pool, force bool, diags *diag.Diagnostics) error {
	err := r.refuseInUse(ctx, cluster, pool, force, diags)
	if !problem.Is(err, problem.Unserved) {
		return err
	}
	return problem.Amend(err, func(p *problem.Problem) {
		p.Do += fmt.Sprintf(" Or delete it by hand, with whatever is in it, which nobody can see now:"+
			" ceph osd pool delete %[1]s %[1]s --yes-i-really-really-mean-it.", problem.Word(pool.Name))
	})
}

func (r *poolResource) refuseInUse(ctx context.Context, cluster *ceph.Cluster, pool ceph.Pool, force bool, diags *diag.Diagnostics) error {
	var notEmpty error
	if !force {
		if notEmpty = refuseUnlessEmpty(ctx, cluster, pool.Name); !problem.Is(notEmpty, problem.Refused) {
			return notEmpty
		}
	}
	// That a client has an image open is told first, since force_destroy doesn't help then.
	if err := refuseUnderWatchers(ctx, cluster, pool.Name, "deleted", "Detach or shut down what has them open first. force_destroy does not"+
		" override this."); err != nil || !force {
		return cmp.Or(err, notEmpty)
	}
	if err := r.RefuseNamedPool(ctx, cluster, pool.Name, diags); err != nil {
		return err
	}
	return refuseUsedByOtherPools(ctx, cluster, pool.Name)
}

// refuseUsedByOtherPools refuses to delete a pool that images of other pools need. force_destroy is only about the pool's own contents.
func refuseUsedByOtherPools(ctx context.Context, cluster *ceph.Cluster, name string) error {
	images, err := cluster.PoolDependents(ctx, name)
	if err != nil || len(images) == 0 {
		return err
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Images of other pools would be lost with pool %q on cluster %q: %s.", name, cluster.Label(),
			strings.Join(images, ", ")),
		Why: "They keep their data in this pool, or read from an image in it. force_destroy speaks of what the pool itself holds.",
		Do:  "Remove those images, or give them a place of their own: rbd migration for the data, rbd flatten for a clone. Then delete the pool.",
	}
}

// refuseUnlessEmpty refuses a pool that holds anything except RBD's own metadata.
func refuseUnlessEmpty(ctx context.Context, cluster *ceph.Cluster, name string) error {
	contents, err := cluster.PoolContents(ctx, name)
	if err != nil || contents.Empty() {
		return err
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Pool %q on cluster %q is not empty: it holds %s.", name, cluster.Label(), contents.Summary()),
		Why:  "Deleting a pool destroys what is in it, and nothing brings it back.",
		Do: "Remove the contents first. Where they are images of the same configuration that are to move elsewhere, add and move in one apply" +
			" and remove the pool in the next. To delete the pool with all that it holds, set force_destroy = true, apply, and delete then.",
	}
}
