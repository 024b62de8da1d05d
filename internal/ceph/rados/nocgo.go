//go:build !cgo

package rados

import (
	"context"
	"fmt"
	"runtime"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Dial answers problem.Unsupported: this build has no librados.
func Dial(_ context.Context, cfg ceph.Config) (ceph.Conn, error) {
	return nil, &problem.Problem{
		Kind: problem.Unsupported,
		What: fmt.Sprintf("Unable to connect to cluster %q.", cfg.Label),
		Why: fmt.Sprintf("This provider was built for %s/%s without cgo, and so can't use Ceph's client libraries, librados and librbd.",
			runtime.GOOS, runtime.GOARCH),
		Do: "Run Terraform with a released binary on Linux, or build the provider with cgo where librados and librbd are installed. What only" +
			" needs libvirt works without them.",
	}
}
