//go:build cgo

package rados

import (
	"context"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// Opening is a connection that opens an image whatever it is asked about it.
type Opening struct{ ceph.Conn }

// Image describes an image as librbd tells it once it is open.
func (o Opening) Image(ctx context.Context, ref ceph.ImageRef) (ceph.Image, error) {
	return reading(ctx, o.Conn.(*conn), ref, describe) //nolint:forcetypeassert // of this package
}
