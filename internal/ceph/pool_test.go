package ceph

import (
	"context"
	"reflect"
	"slices"
	"testing"

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
	wantKind(t, err, problem.NotFound, `"ecp", "full"`)
}

// Only a listing decides that a pool isn't there.
func TestPoolNotFoundNeedsAListing(t *testing.T) {
	for _, errno := range []Errno{ENOENT, ETIMEDOUT, EACCES} {
		cluster, _ := withFake(map[string]answer{"osd pool ls": {errno: errno}})
		if _, err := cluster.Pool(context.Background(), "p"); err == nil || problem.Is(err, problem.NotFound) {
			t.Errorf("%v became %v", errno, err)
		}
	}
}

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

func TestSettingWaves(t *testing.T) {
	got := settingWaves(map[string]string{
		"size": "2", "min_size": "1", "nosizechange": "false", "nopgchange": "true", "pg_autoscale_mode": "off", "pg_num": "8",
		"pgp_num": "8", "bulk": Clear,
	}, map[string]bool{"pg_num": true})
	want := [][]string{{"nosizechange", "pg_autoscale_mode"}, {"bulk", "pg_num", "size"}, {"pgp_num"}, nil, {"min_size"}, {"nopgchange"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

// A bound that has to give way goes before pg_num, one that closes in after it.
func TestSettingWavesOfBounds(t *testing.T) {
	for name, tc := range map[string]struct {
		low, high string
		raised    bool
		want      [][]string
	}{
		"raised":  {"16", "64", true, [][]string{{"pg_num_max"}, {"pg_num"}, {"pg_num_min"}, nil, nil, nil}},
		"lowered": {"4", "8", false, [][]string{{"pg_num_min"}, {"pg_num"}, {"pg_num_max"}, nil, nil, nil}},
		"lifted":  {Clear, Clear, false, [][]string{{"pg_num_max", "pg_num_min"}, {"pg_num"}, nil, nil, nil, nil}},
	} {
		got := settingWaves(map[string]string{"pg_num": "8", "pg_num_min": tc.low, "pg_num_max": tc.high}, map[string]bool{"pg_num": tc.raised})
		if !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// Between two changes there are never fewer OSDs than the pool needs: a smaller number goes before the rule, a larger one after.
func TestSettingWavesOfPlacement(t *testing.T) {
	for name, tc := range map[string]struct {
		settings map[string]string
		want     []string // in their order
	}{
		"more OSDs": {map[string]string{"crush_rule": "r", "size": "3"}, []string{"crush_rule", "size"}},
		"more OSDs, all of them needed": {
			map[string]string{"crush_rule": "r", "size": "3", "min_size": "3"}, []string{"crush_rule", "size", "min_size"},
		},
		"fewer OSDs": {map[string]string{"crush_rule": "r", "size": "1"}, []string{"size", "crush_rule"}},
		"fewer OSDs, min_size by hand": {
			map[string]string{"crush_rule": "r", "size": "1", "min_size": "1"}, []string{"size", "crush_rule", "min_size"},
		},
		"rule with fewer needed OSDs":   {map[string]string{"crush_rule": "r", "min_size": "1"}, []string{"min_size", "crush_rule"}},
		"rule with more needed OSDs":    {map[string]string{"crush_rule": "r", "min_size": "3"}, []string{"crush_rule", "min_size"}},
		"sizes alone, as it always was": {map[string]string{"size": "3", "min_size": "1"}, []string{"size", "min_size"}},
		"locked afterwards, not between": {
			map[string]string{"size": "3", "crush_rule": "r", "nosizechange": "true"}, []string{"crush_rule", "size", "nosizechange"},
		},
	} {
		raised := Pool{Size: 2, MinSize: 2}.raised(tc.settings)
		var got []string
		for _, wave := range settingWaves(tc.settings, raised) {
			if len(wave) > 1 {
				t.Errorf("%s: %v are sent at the same time", name, wave)
			}
			got = append(got, wave...)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSetPoolCommands(t *testing.T) {
	answers := poolAnswers(t)
	answers["osd pool set"], answers["osd pool set-quota"] = answer{}, answer{}
	cluster, conn := withFake(answers)
	err := cluster.SetPool(context.Background(), "full", map[string]string{
		"size": "1", "compression_mode": Clear, "quota_max_bytes": Clear,
		"target_size_ratio": Clear,
	})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{}
	for _, cmd := range conn.sent("osd pool set") {
		variable, _ := cmd["var"].(string)
		values[variable] = cmd["val"]
		if confirmed := cmd["yes_i_really_mean_it"] == true; confirmed != (cmd["var"] == "size") {
			t.Errorf("%v", cmd)
		}
	}
	if want := map[string]any{"size": "1", "compression_mode": "unset", "target_size_ratio": "0"}; !reflect.DeepEqual(values, want) {
		t.Errorf("%v", values)
	}
	if quota := conn.sent("osd pool set-quota"); len(quota) != 1 || quota[0]["field"] != "max_bytes" || quota[0]["val"] != "0" {
		t.Errorf("%v", quota)
	}
}

func TestDeletePoolExplains(t *testing.T) {
	for status, word := range map[string]string{
		"pool deletion is disabled; you must first set the mon_allow_pool_delete config option to true before you can" +
			" destroy a pool": "mon_allow_pool_delete true",
		"pool deletion is disabled; you must unset nodelete flag for the pool first": "nodelete false",
	} {
		answers := poolAnswers(t)
		answers["osd pool delete"] = answer{errno: EPERM, status: status}
		cluster, conn := withFake(answers)
		wantKind(t, cluster.DeletePool(context.Background(), "ecp", ""), problem.Denied, word)
		if len(conn.sent("osd crush rule rm")) != 0 {
			t.Error("the rule of a pool that stayed was removed")
		}
	}
}

func TestMonitorsAsRecorded(t *testing.T) {
	cluster, _ := withFake(map[string]answer{"mon dump": recorded(t, "mon-dump")})
	monitors, err := cluster.Monitors(context.Background())
	want := []Monitor{{Name: "a", V1: Endpoint{"127.0.77.1", 6789}, V2: Endpoint{"127.0.77.1", 3300}, InQuorum: true}}
	if err != nil || !slices.Equal(monitors, want) {
		t.Errorf("%+v, %v", monitors, err)
	}
	for _, release := range []string{"18", "20"} {
		cluster, _ := withFake(map[string]answer{"mon dump": recorded(t, "mon-dump-"+release)})
		if monitors, err := cluster.Monitors(context.Background()); err != nil || len(monitors) != 1 || monitors[0].V2.Port == 0 ||
			!monitors[0].InQuorum {
			t.Errorf("%s: %+v, %v", release, monitors, err)
		}
	}
	if e, err := parseEndpoint("[2001:db8::1]:3300"); err != nil || e != (Endpoint{"2001:db8::1", 3300}) {
		t.Errorf("%+v, %v", e, err)
	}
}
