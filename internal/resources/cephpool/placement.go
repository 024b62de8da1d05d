package cephpool

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

func (m *model) placement() ceph.Placement {
	return ceph.Placement{Rule: m.CrushRule.ValueString(), Size: m.Size.ValueInt64(), MinSize: m.MinSize.ValueInt64()}
}

// checkPlacement counts the OSDs for a change of rule, size or min_size, and returns the attribute that asks for it. Without such a change
// nothing is counted, so that a pool that lacks OSDs for other reasons stays manageable.
func checkPlacement(ctx context.Context, cluster *ceph.Cluster, state, plan *model) (path.Path, error) {
	if plan.CrushRule.IsUnknown() || plan.Size.IsUnknown() {
		return path.Empty(), nil
	}
	changes := state.changes(plan)
	for _, name := range []string{"crush_rule", "size", "min_size"} {
		if _, changed := changes[name]; changed {
			return path.Root(name), cluster.CheckPlacement(ctx, state.Name.ValueString(), state.placement(), plan.placement())
		}
	}
	return path.Empty(), nil
}

// planPlacement refuses a change that leaves the pool with too few OSDs: guests' writes would then wait forever, without an error.
func planPlacement(ctx context.Context, cluster *ceph.Cluster, state, plan *model, diags *diag.Diagnostics) {
	at, err := checkPlacement(ctx, cluster, state, plan)
	switch {
	case err == nil:
	case problem.Is(err, problem.Refused):
		tfkit.AddAttributeError(diags, at, "Too few OSDs for the pool", err)
	default:
		diags.AddAttributeWarning(at, "OSDs not counted", err.Error()+
			"\n\nAfter the change its placement groups are looked at, and the former values set back where there are too few OSDs.")
	}
}

// warnOfQuota warns of a quota that is already used up: guests' writes would then wait.
func warnOfQuota(ctx context.Context, cluster *ceph.Cluster, state, plan *model, diags *diag.Diagnostics) {
	changes := state.changes(plan)
	bytes, objects := changes["quota_max_bytes"] != ceph.Clear, changes["quota_max_objects"] != ceph.Clear
	if !bytes && !objects {
		return
	}
	name := state.Name.ValueString()
	usage, err := cluster.PoolUsage(ctx, name)
	if err != nil || usage == nil {
		return
	}
	warn := func(attribute, has, quota string) {
		diags.AddAttributeWarning(path.Root(attribute), "Quota used up", fmt.Sprintf(
			"Pool %q of cluster %q holds %s already, and %s is to be %s. From then on nothing can be written to it: guests' writes stand still"+
				" without an error until the quota is raised or something is deleted.", name, cluster.Label(), has, attribute, quota))
	}
	if limit := plan.QuotaMaxBytes; bytes && uint64(max(usage.StoredBytes, 0)) >= limit.Bytes() {
		warn("quota_max_bytes", fmt.Sprintf("%d bytes", usage.StoredBytes), limit.ValueString())
	}
	if limit := plan.QuotaMaxObjects.ValueInt64(); objects && usage.Objects >= limit {
		warn("quota_max_objects", fmt.Sprintf("%d objects", usage.Objects), fmt.Sprint(limit))
	}
}
