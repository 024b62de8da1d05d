package ceph

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// How often the newest map is waited for, by the mark of the context. The time is synctest's.
func TestAwaitMap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waits := 0
		var fails error
		await := func(ctx context.Context, want int) {
			t.Helper()
			if err := AwaitMap(ctx, func() error { waits++; return fails }); !errors.Is(err, fails) || waits != want {
				t.Errorf("waited %d times instead of %d: %v", waits, want, err)
			}
		}
		await(t.Context(), 1)
		await(t.Context(), 2)
		operation := OneMap(t.Context())
		await(operation, 3)
		await(operation, 3)
		await(OneMap(t.Context()), 4) // another operation
		<-time.After(readcache.Lifetime + 1)
		fails = ETIMEDOUT
		await(operation, 5)
		await(operation, 6) // one that failed serves nobody
	})
}
