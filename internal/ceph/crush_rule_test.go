package ceph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// What one bucket, one class and one failure domain can't say is told by the steps alone. These rules are made by hand, or by newer
// releases than that of the testbed.
func TestCrushRuleThatOnlyItsStepsTell(t *testing.T) {
	for name, tc := range map[string]struct {
		rule string
		kind string
		last string // the step before emit
	}{
		"several chunks per host": {
			`"type": 5, "steps": [{"op": "take", "item_name": "default"}, {"op": "choosemsr", "num": 3, "type": "host"},
				{"op": "choosemsr", "num": 2, "type": "osd"}, {"op": "emit"}]`,
			"msr_indep", "choosemsr 2 type osd",
		},
		"fewer than asked for": {
			`"type": 1, "steps": [{"op": "take", "item_name": "default"}, {"op": "chooseleaf_firstn", "num": -1, "type": "rack"}, {"op": "emit"}]`,
			Replicated, "chooseleaf firstn -1 type rack",
		},
		"buckets, not OSDs": {
			`"type": 1, "steps": [{"op": "take", "item_name": "default"}, {"op": "choose_firstn", "num": 0, "type": "host"}, {"op": "emit"}]`,
			Replicated, "choose firstn 0 type host",
		},
		"order of the other type": {
			`"type": 3, "steps": [{"op": "take", "item_name": "default"}, {"op": "chooseleaf_firstn", "num": 0, "type": "host"}, {"op": "emit"}]`,
			Erasure, "chooseleaf firstn 0 type host",
		},
		"a type of a later release": {
			`"type": 9, "steps": [{"op": "take", "item_name": "default"}, {"op": "chooseleaf_new", "num": 0, "type": "host"}, {"op": "emit"}]`,
			"", "chooseleaf new 0 type host",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cluster, _ := withFake(map[string]answer{"osd crush rule dump": {out: `[{"rule_id": 4, "rule_name": "x", ` + tc.rule + `}]`}})
			rule, err := cluster.CrushRule(t.Context(), "x")
			if err != nil {
				t.Fatal(err)
			}
			if rule.Root+rule.FailureDomain+rule.DeviceClass != "" {
				t.Errorf("more is told than the steps mean: %+v", rule)
			}
			if rule.Type != tc.kind || !slices.Contains(rule.Steps, tc.last) || rule.Steps[len(rule.Steps)-1] != "emit" {
				t.Errorf("got %+v", rule)
			}
		})
	}
}

// slowConn answers every command after a moment.
type slowConn struct{ fakeConn }

func (r *slowConn) MonCommand(ctx context.Context, text, input []byte) ([]byte, string, error) {
	time.Sleep(time.Second)
	return r.fakeConn.MonCommand(ctx, text, input)
}

// Refreshes that wait for one reading of the rules are told of the rule that each has asked for.
func TestFailedReadingOfRulesNamesEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := &slowConn{fakeConn{fsid: testFSID, answers: map[string]answer{"osd crush rule dump": {errno: ETIMEDOUT}}}}
		cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil })
		var waiting sync.WaitGroup
		for _, name := range []string{"one", "two"} {
			waiting.Go(func() {
				_, err := cluster.SameCrushRule(readcache.Share(t.Context()), CrushRule{Name: name})
				if !problem.Is(err, problem.Unreachable) || !strings.Contains(err.Error(), fmt.Sprintf("Unable to read CRUSH rule %q", name)) {
					t.Errorf("rule %q: %v", name, err)
				}
			})
		}
		waiting.Wait()
	})
}
