//go:build cgo

package endtoend_test

import (
	"context"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// runningGuest defines and starts a guest, and removes it after the test.
func runningGuest(ctx context.Context, t *testing.T, host *testbed.Hypervisor, options testbed.GuestOptions) *testbed.Guest {
	t.Helper()
	guest := definedGuest(ctx, t, host, options)
	if err := guest.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := guest.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	return guest
}

// definedGuest defines a guest, and removes it after the test.
func definedGuest(ctx context.Context, t *testing.T, host *testbed.Hypervisor, options testbed.GuestOptions) *testbed.Guest {
	t.Helper()
	guest, err := host.DefineGuest(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = guest.Destroy(context.Background()) // fails for one that is shut off
		if err := guest.Undefine(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return guest
}
