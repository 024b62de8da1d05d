package libvirtrbddisk

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// A cluster that was asked in vain for one disk is not asked for the next one, at refresh and in the plan, unless the plan needs
// it: here there is none that could be asked, which is another error.
func TestASilentClusterCostsOneDiskItsTime(t *testing.T) {
	const fsid = "4f2c0b5e-0000-4000-8000-000000000001"
	r := &diskResource{tfkit.Base{Connections: tfkit.NewConnections()}}
	silent := &problem.Problem{Kind: problem.Unreachable, What: "Cluster \"east\" gave no answer in time."}
	if err := r.Courtesy(t.Context(), fsid, func(context.Context) error { return silent }); err == nil {
		t.Fatal("no error")
	}
	state := plain()
	state.Cluster, state.FSID = types.StringValue("east"), types.StringValue(fsid)
	warned := func(diags diag.Diagnostics) bool {
		return len(diags) == 1 && diags[0].Summary() == notVerified && strings.Contains(diags[0].Detail(), silent.What)
	}
	var diags diag.Diagnostics
	if err := r.readSource(t.Context(), &state, &memory{}, &diags); err != nil || !warned(diags) {
		t.Errorf("refresh: %v, %v", err, diags)
	}
	plan := state
	planned := func() (clusterHome, diag.Diagnostics, error) {
		var diags diag.Diagnostics
		p := &planning{
			diskResource: r, exists: true, state: &state, plan: &plan, diags: &diags,
			config: &model{Cluster: state.Cluster, Monitors: types.SetNull(monitorType)},
		}
		home, err := p.planCluster(t.Context())
		return home, diags, err
	}
	if home, diags, err := planned(); err != nil || !warned(diags) || home.Known || home.Identity != state.FSID {
		t.Errorf("plan: %+v, %v, %v", home, err, diags)
	}
	plan.Image = types.StringValue("another")
	if _, _, err := planned(); !problem.Is(err, problem.Invalid) {
		t.Errorf("a plan that needs the cluster did not ask: %v", err)
	}
}
