package libvirtrbddisk

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// The refresh and the plan of many disks of an unreachable cluster dial it once, and wait no longer than one of them would. Only a plan
// that needs the cluster waits for the end of that attempt. The time is synctest's.
func TestUnreachableClusterOfManyDisks(t *testing.T) {
	const fsid = "4f2c0b5e-0000-4000-8000-000000000001"
	for name, tc := range map[string]struct {
		dial  func(context.Context) error
		waits time.Duration // for the first disk
		ends  time.Duration // the attempt
		says  string
	}{
		"nobody listens": {
			func(context.Context) error {
				return &problem.Problem{Kind: problem.Unreachable, What: "Unable to connect to cluster \"east\"."}
			}, 0, 0, "Unable to connect to cluster \"east\".",
		},
		"no answer": {
			func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, verifyLimit, ceph.DefaultConnectTimeout + time.Second,
			"Cluster \"east\" did not answer in time.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var dials atomic.Int32
				r := &diskResource{tfkit.Base{Connections: tfkit.NewConnections()}}
				r.Clusters.Add("east", ceph.NewCluster(ceph.Config{Label: "east"}, func(ctx context.Context, _ ceph.Config) (ceph.Conn, error) {
					dials.Add(1)
					return nil, tc.dial(ctx)
				}))
				state := plain()
				state.Cluster, state.FSID = types.StringValue("east"), types.StringValue(fsid)
				plan := state
				plans := func(diags *diag.Diagnostics) (clusterEntry, error) {
					p := &planning{
						diskResource: r, exists: true, state: &state, plan: &plan, diags: diags,
						config: &model{Cluster: state.Cluster, Monitors: types.SetNull(monitorType)},
					}
					return p.findCluster(t.Context())
				}
				start := time.Now()
				for range 10 {
					var diags diag.Diagnostics
					if err := r.readSource(t.Context(), &state, &diskRecord{}, &diags); err != nil {
						t.Error(err)
					}
					entry, err := plans(&diags)
					if err != nil || entry.Known || entry.Identity != state.FSID {
						t.Errorf("plan: %+v, %v", entry, err)
					}
					if len(diags) == 0 || diags[0].Summary() != notVerified || !strings.Contains(diags[0].Detail(), tc.says) {
						t.Errorf("told: %v", diags)
					}
				}
				if waited := time.Since(start); waited != tc.waits || dials.Load() != 1 {
					t.Errorf("waited %s, not %s; dialled %d times", waited, tc.waits, dials.Load())
				}
				plan.Image = types.StringValue("another")
				var diags diag.Diagnostics
				_, err := plans(&diags)
				waited := time.Since(start)
				if err != nil || !strings.Contains(diags[0].Detail(), "Unable to connect") || waited != tc.ends || dials.Load() != 1 {
					t.Errorf("a plan that needs it: after %s, dialled %d times: %v, %v", waited, dials.Load(), diags, err)
				}
			})
		})
	}
}
