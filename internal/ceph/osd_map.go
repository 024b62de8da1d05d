package ceph

import (
	"context"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// mapKey is the context's key for the OSD map of an operation.
type mapKey struct{}

// mapCache holds that the newest OSD map has been waited for.
type mapCache = readcache.Cache[struct{}, struct{}]

// OneMap marks the context of an operation whose calls need no newer OSD map than the first of them: it makes, renames and removes no pool,
// and what it removes it finds with a mark of its own. A map serves for [readcache.Lifetime].
func OneMap(ctx context.Context) context.Context {
	return context.WithValue(ctx, mapKey{}, &mapCache{})
}

// AwaitMap calls wait, which waits for the newest OSD map, unless that has been done for a call of the same operation (see [OneMap]).
func AwaitMap(ctx context.Context, wait func() error) error {
	maps, ok := ctx.Value(mapKey{}).(*mapCache)
	if !ok {
		return wait()
	}
	_, err := maps.Get(readcache.Share(ctx), struct{}{}, func(context.Context) (struct{}, error) { return struct{}{}, wait() })
	return err
}
