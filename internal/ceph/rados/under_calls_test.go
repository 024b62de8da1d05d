//go:build cgo

package rados_test

import (
	"context"
	"sync"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// callAndClose closes a connection under calls of several kinds, once each of them was made as often as told. It returns what ended them.
func callAndClose(ctx context.Context, t *testing.T, conn ceph.Conn, ref ceph.ImageRef, times int) (ended func() []error) {
	t.Helper()
	kinds := []func() error{
		func() error { _, err := conn.Image(ctx, ref); return err },
		func() error { _, err := conn.Images(ctx, ref.Pool, ""); return err },
		func() error { _, err := conn.Namespaces(ctx, ref.Pool); return err },
		func() error { _, _, err := conn.MonCommand(ctx, []byte(`{"prefix": "version"}`), nil); return err },
		func() error { _, err := conn.Addr(ctx); return err },
		func() error { return conn.VisitObjects(ctx, ref.Pool, func(string, string) bool { return true }) },
	}
	failures := make([]error, 2*len(kinds))
	var all, made sync.WaitGroup
	for i := range failures {
		made.Add(1)
		all.Go(func() {
			enough := sync.OnceFunc(made.Done)
			defer enough() // also where a call fails before
			for n := 0; failures[i] == nil; n++ {
				if n == times {
					enough()
				}
				failures[i] = kinds[i/2]()
			}
		})
	}
	made.Wait()
	conn.Close()
	conn.Close()
	return func() []error { all.Wait(); return failures }
}
