package ceph

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// The monitors would say success and change nothing.
func TestCreateExistingPoolSendsNothing(t *testing.T) {
	cluster, conn := withFake(poolAnswers(t))
	made, err := cluster.CreatePool(context.Background(), PoolSpec{Name: "full"})
	expect.Problem(t, err, problem.Exists, "terraform import")
	if made.Created || len(conn.sent("osd pool create")) != 0 {
		t.Error("the create was sent")
	}
}

// emptyPools is a cluster whose pools hold no objects.
type emptyPools struct{ *fakeConn }

func (emptyPools) VisitObjects(context.Context, string, func(namespace, object string) bool) error {
	return nil
}

// A pool that an earlier process was killed in creating has its CRUSH rule with it, which goes with the pool.
func TestRuleOfAPoolTakenUp(t *testing.T) {
	for name, test := range map[string]struct {
		spec     PoolSpec
		madeRule string
	}{
		"erasure-coded":      {PoolSpec{Name: "ecp", Type: Erasure, ErasureCodeProfile: "ec21"}, "ecp"},
		"with a chosen rule": {PoolSpec{Name: "ecp", Type: Erasure, ErasureCodeProfile: "ec21", CrushRule: "ecp"}, ""},
		"replicated":         {PoolSpec{Name: "full"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			record, err := json.Marshal(intentRecord{
				Version: intentVersion, Time: time.Now(), Origin: "here", Creates: []intent{test.spec.intent()},
			})
			if err != nil {
				t.Fatal(err)
			}
			dump, err := json.Marshal(map[string]string{intentPrefix + "one": string(record)})
			if err != nil {
				t.Fatal(err)
			}
			answers := poolAnswers(t)
			answers["config-key dump"], answers["version"] = answer{out: string(dump)}, answer{out: "{}"}
			conn := emptyPools{&fakeConn{fsid: t.Name(), answers: answers}}
			cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1", Origin: "here"},
				func(context.Context, Config) (Conn, error) { return conn, nil })
			made, err := cluster.CreatePool(t.Context(), test.spec)
			if !made.Created || made.MadeRule == nil || *made.MadeRule != test.madeRule {
				t.Errorf("got %+v, %v; the rule should be %q", made, err, test.madeRule)
			}
		})
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

// What a flag of the cluster's default refuses is set before the flag, which is sent only where it changes.
func TestDefaultFlagsOfANewPool(t *testing.T) {
	flagged := Pool{Bulk: true, NoDelete: true, NoSizeChange: true, NoPGChange: true}
	for name, test := range map[string]struct {
		pool                Pool
		bulk                bool
		settings            map[string]string
		want, wantUnlocking map[string]string
	}{
		"no flag of its own": {settings: map[string]string{"nodelete": "true"}, want: map[string]string{"nodelete": "true"}},
		"none asked for": {
			pool: flagged, settings: map[string]string{"min_size": "1"},
			want: map[string]string{"min_size": "1", "bulk": "", "nodelete": "", "nosizechange": "", "nopgchange": ""},
		},
		"all asked for": {
			pool: flagged, bulk: true, settings: map[string]string{"nodelete": "true", "nosizechange": "true", "nopgchange": "true"},
			want: map[string]string{},
		},
		"asked for with what it refuses": {
			pool: flagged, bulk: true,
			settings:      map[string]string{"nodelete": "true", "nosizechange": "true", "nopgchange": "true", "min_size": "1"},
			want:          map[string]string{"min_size": "1", "nosizechange": "true"},
			wantUnlocking: map[string]string{"nosizechange": ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			unlocking := PoolSpec{Bulk: test.bulk}.unsetDefaultFlags(test.pool, test.settings)
			if !maps.Equal(test.settings, test.want) || !maps.Equal(unlocking, test.wantUnlocking) {
				t.Errorf("settings %q, before them %q; want %q, %q", test.settings, unlocking, test.want, test.wantUnlocking)
			}
		})
	}
}
