package tfkit

import (
	"context"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// LoggedInAs returns the label of an entry with which this provider is logged in to the cluster as that entity (such as client.admin): the
// cluster's own entry, or another entry of the same cluster; empty where there is none. Where that can't be found out, because an entry
// with that user does not answer which cluster it is, the error is problem.Unreachable. An entry whose settings are known only after apply
// is checked by the apply.
func (c *Connections) LoggedInAs(ctx context.Context, cluster *ceph.Cluster, entity string) (label string, err error) {
	if cluster.Entity() == entity {
		return cluster.Label(), nil
	}
	fsid, err := cluster.FSID(ctx)
	if err != nil {
		return "", err
	}
	var unknown error
	for _, other := range c.Clusters.All() {
		if other.Entity() != entity || other.Pin() != "" && other.Pin() != fsid {
			continue
		}
		switch found, err := other.FSID(ctx); {
		case err != nil:
			unknown = &problem.Problem{
				Kind: problem.Unreachable,
				What: fmt.Sprintf("It is not known whether cluster %q is the same cluster as %q.", other.Label(), cluster.Label()),
				Why:  fmt.Sprintf("This provider is configured to connect to it as %s too, and it can't be asked.", entity),
				Do:   "Make it answer, or give its entry in the provider block its fsid.",
				Raw:  err.Error(),
			}
		case found == fsid:
			return other.Label(), nil
		}
	}
	return "", unknown
}
