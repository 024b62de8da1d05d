package ceph

import (
	"context"
	"fmt"
	"sync"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// creating holds the objects that are being created at this moment. Two labels may lead to one cluster, so it is known by its fsid.
var creating sync.Map

type claimed struct{ fsid, kind, name string }

// claim lets only one creation of an object run, until release: the monitors report success to both, and each would take the object for
// its own. The second one is problem.Exists.
func (c *Cluster) claim(ctx context.Context, what, kind, name string) (release func(), err error) {
	fsid, err := c.FSID(ctx)
	if err != nil {
		return nil, err
	}
	key := claimed{fsid, kind, name}
	if _, taken := creating.LoadOrStore(key, true); taken {
		return nil, &problem.Problem{
			Kind: problem.Exists, What: what,
			Why: fmt.Sprintf("Another resource of the configuration is creating a %s of this name on the same cluster at this moment.",
				kindInWords(kind)),
			Do: "Remove one of the two resources, or give them different names. They may name the cluster by different labels.",
		}
	}
	return func() { creating.Delete(key) }, nil
}
