package ceph

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// ruledConn is a cluster with one pool of size 3, min_size 2, whose rule "few" puts each placement group on one OSD.
type ruledConn struct {
	*fakeConn
	rule     string
	size     string
	stubborn bool // takes no rule but "few"
	mapless  bool // tells nobody where placement groups are
	growing  bool // is to get 64 placement groups, and has one so far
	changed  func()
	sent     []string
}

func (r *ruledConn) MonCommand(ctx context.Context, text, _ []byte) ([]byte, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	var cmd map[string]string
	if err := json.Unmarshal(text, &cmd); err != nil {
		return nil, "", err
	}
	switch cmd["prefix"] {
	case "osd pool ls":
		rule := map[string]int{"good": 0, "few": 1}[r.rule]
		return fmt.Appendf(nil, `[{"pool_id": 2, "pool_name": "p", "type": 1, "size": %s, "min_size": 2, "crush_rule": %d, "pg_num": 1,
			"pg_num_target": %d}]`, r.size, rule, map[bool]int{false: 1, true: 64}[r.growing]), "", nil
	case "osd crush rule dump":
		return []byte(`[{"rule_id": 0, "rule_name": "good"}, {"rule_id": 1, "rule_name": "few"}]`), "", nil
	case "pg map":
		if r.mapless {
			return nil, "access denied", EACCES
		}
		if cmd["pgid"] != "2.0" {
			return nil, "PG " + cmd["pgid"] + " does not exist", ENOENT
		}
		return []byte(map[string]string{"good": `{"pgid": "2.0", "up": [0, 1, 2]}`, "few": `{"pgid": "2.0", "up": [0, 2147483647, -1]}`}[r.rule]),
			"", nil
	case "osd pool set":
		r.sent = append(r.sent, cmd["var"]+" "+cmd["val"])
		if cmd["var"] == "crush_rule" {
			if r.stubborn && cmd["val"] != "few" {
				return nil, "no", EPERM
			}
			r.rule = cmd["val"]
			r.changed()
		}
		if cmd["var"] == "size" {
			r.size = cmd["val"]
		}
		return nil, "", nil
	}
	return nil, "", EACCES // the CRUSH map can't be read: what is counted is not what decides
}

func TestPlacementIsSetBack(t *testing.T) {
	back := []string{"size 2", "crush_rule few", "crush_rule good", "size 3", "min_size 2"}
	for name, tc := range map[string]struct {
		conn        ruledConn
		interrupted bool
		sent        []string
		words       []string // of the problem
	}{
		"set back": {ruledConn{rule: "good"}, false, back, []string{
			"was taken back: guests' writes would stand still",
			"2.0 on 1 OSD, and min_size was 2",
		}},
		"while it grows":      {ruledConn{rule: "good", growing: true}, false, back, []string{"was taken back"}},
		"also when cancelled": {ruledConn{rule: "good"}, true, back, []string{"was taken back"}},
		"not possible": {
			ruledConn{rule: "good", stubborn: true},
			false,
			[]string{"size 2", "crush_rule few", "crush_rule good"},
			[]string{"could not be taken back", "Set it back by hand, now: ceph osd pool set p crush_rule good; ceph osd pool set p size 3; ceph" +
				" osd pool set p min_size 2"},
		},
		"not asked":        {ruledConn{rule: "good", mapless: true}, false, []string{"size 2", "crush_rule few"}, nil},
		"no better before": {ruledConn{rule: "few"}, false, []string{"size 2", "crush_rule few"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			conn := &tc.conn
			conn.fakeConn, conn.size = &fakeConn{fsid: testFSID}, "3"
			conn.changed = func() {
				if tc.interrupted {
					cancel()
				}
			}
			cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil })
			err := cluster.SetPool(ctx, "p", map[string]string{"crush_rule": "few", "size": "2"})
			if !slices.Equal(conn.sent, tc.sent) {
				t.Errorf("sent: %s", strings.Join(conn.sent, ", "))
			}
			if tc.words == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			expect.Problem(t, err, problem.Refused, tc.words...)
		})
	}
}
