//go:build !cgo

package rados

import (
	"context"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Dial answers problem.Unsupported: this build has no librados.
func Dial(_ context.Context, cfg ceph.Config) (ceph.Conn, error) {
	return nil, &problem.Problem{
		Kind: problem.Unsupported,
		What: fmt.Sprintf("Unable to connect to cluster %q.", cfg.Label),
		Why:  "This provider was built without cgo, and so without Ceph's client libraries.",
		Do:   "Use a released binary, or build it with cgo and the packages librados-dev and librbd-dev.",
	}
}
