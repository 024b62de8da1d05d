package cephpool

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// osdDump answers osd dump and nothing else, and counts how often.
type osdDump struct {
	ceph.Conn
	text  string
	asked int
}

func (*osdDump) FSID(context.Context) (string, error) {
	return "a9e0b308-0dd1-407e-b5b0-e106485ea686", nil
}
func (*osdDump) Close() {}

func (d *osdDump) MonCommand(_ context.Context, text, _ []byte) ([]byte, string, error) {
	var cmd struct{ Prefix string }
	if err := json.Unmarshal(text, &cmd); err != nil || cmd.Prefix != "osd dump" {
		return nil, "", ceph.EACCES
	}
	d.asked++
	return []byte(d.text), "", nil
}

// While a site is away min_size stays what the monitors have made of it, and nothing is counted or sent for it.
func TestMinSizeWhileASiteIsAway(t *testing.T) {
	const degraded = `{"stretch_mode": {"stretch_mode_enabled": true, "degraded_stretch_mode": 1}}`
	for name, test := range map[string]struct {
		dump                 string
		configured           types.Int64
		want                 int64
		warnings, errs, asks int
	}{
		"away":                     {dump: degraded, configured: types.Int64Value(2), want: 1, warnings: 1, asks: 1},
		"not away":                 {dump: `{"stretch_mode": {"stretch_mode_enabled": true}}`, configured: types.Int64Value(2), want: 2, asks: 1},
		"away, nothing configured": {dump: degraded, configured: types.Int64Null(), want: 1},
		"away, the same":           {dump: degraded, configured: types.Int64Value(1), want: 1},
		"not known":                {dump: "?", configured: types.Int64Value(2), want: 2, errs: 1, asks: 1},
	} {
		t.Run(name, func(t *testing.T) {
			conn := &osdDump{text: test.dump}
			cluster := ceph.NewCluster(ceph.Config{Label: "east"}, func(context.Context, ceph.Config) (ceph.Conn, error) { return conn, nil })
			t.Cleanup(cluster.Close)
			pool := vms()
			pool.Size, pool.MinSize = 4, 1
			config, state, plan := read(pool), read(pool), read(pool)
			config.MinSize = test.configured
			if !test.configured.IsNull() {
				plan.MinSize = test.configured
			}
			var diags diag.Diagnostics
			holdMinSize(t.Context(), tfkit.Entry[*ceph.Cluster]{Target: cluster, Known: true}, config, state, plan, &diags)
			if plan.MinSize.ValueInt64() != test.want || diags.WarningsCount() != test.warnings || diags.ErrorsCount() != test.errs ||
				conn.asked != test.asks {
				t.Errorf("min_size is planned as %s, %v; asked %d times", plan.MinSize, diags, conn.asked)
			}
			if test.warnings > 0 && !strings.Contains(diags[0].Detail(), `Pool "vms" has min_size 1; the configuration says 2.`) {
				t.Errorf("%v", diags)
			}
			if sent := len(state.settings(plan)); test.want == 1 && sent > 0 || test.want == 2 && sent != 1 {
				t.Errorf("an apply sends %v", state.settings(plan))
			}
		})
	}
}
