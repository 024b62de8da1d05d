package ceph

import (
	"context"
	"reflect"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func poolAnswers(t *testing.T) map[string]answer {
	return map[string]answer{"osd pool ls": recorded(t, "osd-pool-ls-detail"), "osd crush rule dump": recorded(t, "osd-crush-rule-dump")}
}

func TestPoolsAsRecorded(t *testing.T) {
	cluster, _ := withFake(poolAnswers(t))
	pools, err := cluster.Pools(context.Background())
	if err != nil || len(pools) != 2 {
		t.Fatal(pools, err)
	}
	ec, full := pools[0], pools[1]
	if ec.Name != "ecp" || ec.Type != Erasure || ec.CrushRule != "ecp" || ec.ErasureCodeProfile != "ec21" || !ec.AllowECOverwrites ||
		ec.Bulk || ec.PGNumMin != nil {
		t.Errorf("%+v", ec)
	}
	if full.Name != "full" || full.Type != Replicated || full.CrushRule != "replicated_rule" || full.Size != 2 || full.PGNum != 8 ||
		full.PGAutoscaleMode != "warn" ||
		!full.Bulk || !full.NoDelete || full.NoSizeChange || full.QuotaMaxBytes != 10<<30 || *full.TargetSizeRatio != 0.2 ||
		*full.TargetSizeBytes != 1000 ||
		*full.PGNumMin != 4 || *full.PGNumMax != 64 || *full.CompressionMode != "aggressive" || *full.CompressionRequiredRatio != 0.7 ||
		full.CompressionAlgorithm != nil {
		t.Errorf("%+v", full)
	}
	_, err = cluster.Pool(context.Background(), "none")
	expect.Problem(t, err, problem.NotFound, `"ecp", "full"`)
}

// The same pools are listed alike by each release, whatever else its reply holds.
func TestPoolsOfEachRelease(t *testing.T) {
	listed := map[string][]Pool{}
	for _, release := range []string{"16", "20"} {
		cluster, _ := withFake(map[string]answer{
			"osd pool ls": recorded(t, "osd-pool-ls-detail-"+release), "osd crush rule dump": recorded(t, "osd-crush-rule-dump"),
		})
		pools, err := cluster.Pools(t.Context())
		if err != nil || len(pools) != 3 || pools[2].Name != "odd name" {
			t.Fatal(release, pools, err)
		}
		listed[release] = pools
	}
	if !reflect.DeepEqual(listed["16"], listed["20"]) {
		t.Errorf("16: %+v\n20: %+v", listed["16"], listed["20"])
	}
}

// Only a listing decides that a pool isn't there.
// Luminous put the name of a CRUSH rule where the erasure code profile stands, and pools keep it.
func TestReplicatedPoolOfLuminous(t *testing.T) {
	cluster, _ := withFake(map[string]answer{
		"osd pool ls":         {out: `[{"pool_id": 1, "pool_name": "rbd", "type": 1, "erasure_code_profile": "replicated_rule"}]`},
		"osd crush rule dump": recorded(t, "osd-crush-rule-dump"),
	})
	if pool, err := cluster.Pool(t.Context(), "rbd"); err != nil || pool.Type != Replicated || pool.ErasureCodeProfile != "" {
		t.Errorf("%+v, %v", pool, err)
	}
}

func TestPoolNotFoundNeedsAListing(t *testing.T) {
	for _, errno := range []Errno{ENOENT, ETIMEDOUT, EACCES} {
		cluster, _ := withFake(map[string]answer{"osd pool ls": {errno: errno}})
		if _, err := cluster.Pool(context.Background(), "p"); err == nil || problem.Is(err, problem.NotFound) {
			t.Errorf("%v became %v", errno, err)
		}
	}
}

// A pool that was made a moment ago is not in the statistics yet, which is not the same as an empty or a full one.
func TestPoolUsage(t *testing.T) {
	const df = `{"pools": [{"name": "vms", "stats": {"stored": 5, "max_avail": 7, "objects": 2}}]}`
	cluster, _ := withFake(map[string]answer{"df": {out: df}})
	if got, err := cluster.PoolUsage(t.Context(), "vms"); err != nil || *got != (PoolUsage{StoredBytes: 5, MaxAvailBytes: 7, Objects: 2}) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := cluster.PoolUsage(t.Context(), "new"); err != nil || got != nil {
		t.Errorf("a pool that is not counted has %v, %v", got, err)
	}
}
