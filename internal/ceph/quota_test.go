package ceph

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// A pool that is full by its quota refuses at once. One that is below it again is waited for, and not without end.
func TestWaitForTheFlagOfAQuota(t *testing.T) {
	for name, test := range map[string]struct {
		quota string // of bytes
		used  answer
		waits time.Duration
	}{
		"full":                {"10", answer{out: `{"current_num_bytes": 10, "current_num_objects": 1}`}, 0},
		"raised":              {"10", answer{out: `{"current_num_bytes": 9, "current_num_objects": 1}`}, quotaTimeout},
		"removed":             {"0", answer{errno: ENODATA}, quotaTimeout},
		"not counted":         {"10", answer{errno: ENODATA}, 0},
		"by an older release": {"10", answer{out: `{"quota_max_bytes": 10}`}, 0},
		"without the caps":    {"10", answer{errno: EACCES}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cluster, _ := withFake(map[string]answer{
					"osd pool ls": {out: fmt.Sprintf(`[{"pool_id": 2, "pool_name": "p", "type": 1, "size": 1, "min_size": 1, "crush_rule": 0,`+
						` "pg_num_target": 8, "flags_names": "hashpspool,full,full_quota", "quota_max_bytes": %s}]`, test.quota)},
					"osd crush rule dump": {out: `[{"rule_id": 0, "rule_name": "r"}]`},
					"osd pool get-quota":  test.used,
				})
				begun := time.Now()
				_, err := cluster.CreateImage(t.Context(), ImageSpec{ImageRef: ImageRef{Pool: "p", Name: "i"}, SizeBytes: 1 << 20})
				expect.Problem(t, err, problem.Other, "full_quota")
				if waited := time.Since(begun); waited != test.waits {
					t.Errorf("waited %s, want %s", waited, test.waits)
				}
			})
		})
	}
}
