package ceph

import (
	"context"
	"reflect"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// The monitors would say success and change nothing.
func TestCreateExistingPoolSendsNothing(t *testing.T) {
	cluster, conn := withFake(poolAnswers(t))
	created, err := cluster.CreatePool(context.Background(), PoolSpec{Name: "full"})
	wantKind(t, err, problem.Exists, "terraform import")
	if created || len(conn.sent("osd pool create")) != 0 {
		t.Error("the create was sent")
	}
}

// Fields that an old monitor dropped are set afterwards.
func TestIgnoredByCreate(t *testing.T) {
	one, ratio := int64(64), 0.3
	spec := PoolSpec{PGAutoscaleMode: "on", Bulk: true, PGNumMax: &one, TargetSizeRatio: &ratio}
	want := map[string]string{"pg_autoscale_mode": "on", "bulk": "true", "pg_num_max": "64", "target_size_ratio": "0.3"}
	if got := spec.ignored(Pool{PGAutoscaleMode: "off"}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	if got := spec.ignored(Pool{PGAutoscaleMode: "on", Bulk: true, PGNumMax: &one, TargetSizeRatio: &ratio}); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
