//go:build cgo

package rados

import (
	"cmp"
	"context"
	"slices"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

func (c *conn) Watchers(ctx context.Context, ref ceph.ImageRef) ([]ceph.Watcher, error) {
	return reading(ctx, c, ref, func(_ *rados.Conn, _ *rados.IOContext, image *rbd.Image) ([]ceph.Watcher, error) {
		return watchers(image)
	})
}

func watchers(image *rbd.Image) ([]ceph.Watcher, error) {
	list, err := image.ListWatchers()
	if err != nil {
		return nil, err
	}
	out := make([]ceph.Watcher, 0, len(list))
	for _, w := range list {
		out = append(out, ceph.Watcher{Addr: plainAddr(w.Addr)})
	}
	slices.SortFunc(out, func(a, b ceph.Watcher) int { return cmp.Compare(a.Addr, b.Addr) })
	return out, nil
}
