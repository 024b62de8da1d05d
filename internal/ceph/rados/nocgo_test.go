//go:build !cgo

package rados_test

import (
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func TestWithoutCgo(t *testing.T) {
	_, err := ceph.NewCluster(ceph.Config{Label: "east"}, rados.Dial).FSID(t.Context())
	if !problem.Is(err, problem.Unsupported) || !strings.Contains(err.Error(), "librados and librbd") {
		t.Errorf("the error doesn't name what is missing: %v", err)
	}
}
