package testbed_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// testTimeout limits each test; none is expected to take that long.
const testTimeout = 10 * time.Minute

func acceptance(t *testing.T) context.Context {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("set TF_ACC=1 to run this test: it starts real Ceph clusters and hypervisors")
	}
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	t.Cleanup(cancel)
	return ctx
}

func start(t *testing.T, ctx context.Context, options testbed.Options) *testbed.Bed {
	t.Helper()
	bed, err := testbed.Start(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bed.Stop(); err != nil {
			t.Error(err)
		}
	})
	return bed
}

// must fails the test on an error and otherwise passes the value on.
func must[T any](t *testing.T) func(value T, err error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// makeImage makes a pool with an image that starts with the text.
func makeImage(t *testing.T, ctx context.Context, c *testbed.Cluster, pool, image, text string) {
	t.Helper()
	must[[]byte](t)(c.Ceph(ctx, "osd", "pool", "create", pool, "8"))
	must[[]byte](t)(c.RBD(ctx, "pool", "init", pool))
	must[[]byte](t)(c.RBDIn(ctx, text, "import", "--dest-pool", pool, "-", image))
	must[[]byte](t)(c.RBD(ctx, "resize", "--no-progress", "--size", "32M", pool+"/"+image))
}

const (
	eastSecret = "77085c23-2177-242d-7661-c785df7f6230"
	westSecret = "88085c23-2177-242d-7661-c785df7f6230"
)
