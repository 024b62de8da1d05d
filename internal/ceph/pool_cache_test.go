package ceph

import (
	"context"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

func TestWhichCommandsChangePools(t *testing.T) {
	for prefix, want := range map[string]bool{
		"osd pool set": true, "osd pool create": true, "osd pool application enable": true, "osd pool rename": true, "osd pool delete": true,
		"osd pool ls": false, "osd crush rule dump": false, "auth get": false,
	} {
		if got := changesPools(command{"prefix": prefix}); got != want {
			t.Errorf("%s: %v", prefix, got)
		}
	}
}

func TestFirstPool(t *testing.T) {
	if _, found := firstPool([]Pool{{Name: "a"}}, func(p Pool) bool { return p.Name == "b" }); found {
		t.Error("found what is not there")
	}
}

// One listing serves the refresh of all pools, and one monitor map all disks of a cluster. What isn't there is asked for once more, and
// what decides about a change is asked for each time.
func TestReadingsThatAreShared(t *testing.T) {
	cluster, conn := withImages(t, nil)
	conn.answers["mon dump"] = recorded(t, "mon-dump")
	conn.answers["osd pool application disable"] = answer{}
	shared := readcache.Share(t.Context())
	ask := func(ctx context.Context, name string, kind problem.Kind) {
		t.Helper()
		if _, err := cluster.Pool(ctx, name); kind == 0 && err != nil || kind != 0 && !problem.Is(err, kind) {
			t.Errorf("pool %s: %v", name, err)
		}
		if _, err := cluster.Monitors(ctx); err != nil {
			t.Error(err)
		}
	}
	want := func(pools, monitors int) {
		t.Helper()
		if got := len(conn.sent("osd pool ls")); got != pools {
			t.Errorf("%d listings of pools, want %d", got, pools)
		}
		if got := len(conn.sent("mon dump")); got != monitors {
			t.Errorf("%d monitor maps, want %d", got, monitors)
		}
	}
	for range 100 {
		ask(shared, "vms", 0)
		ask(shared, "ec", 0)
	}
	want(1, 1)
	ask(shared, "none", problem.NotFound)
	want(2, 1)
	for range 2 {
		ask(readcache.Afresh(shared), "vms", 0)
	}
	want(4, 3)
	if _, err := cluster.Pools(shared); err != nil {
		t.Error(err)
	}
	want(5, 3)
	if err := cluster.SetPoolApplications(t.Context(), "vms", nil, []string{"x"}); err != nil {
		t.Error(err)
	}
	ask(shared, "vms", 0)
	want(6, 3)
}
