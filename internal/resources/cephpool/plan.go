package cephpool

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

var (
	atCluster = path.Root("cluster")
	atName    = path.Root("name")
)

// mostCopies is the largest size of a replicated pool that the monitors allow.
const mostCopies = 10

// ModifyPlan finds the pool's cluster, decides what replaces the pool, and warns of what an apply would do to its data.
func (r *poolResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if tfkit.PlansNoChange(req) || tfkit.PlansRemoval(ctx, r.Base, req, resp, (*model).object) {
		return
	}
	sides, ok := tfkit.ReadPlanSides[model](ctx, r.Base, req, resp)
	if !ok {
		return
	}
	config, state, plan, exists := sides.Config, sides.State, sides.Plan, sides.Exists
	entry, err := r.Clusters.PlanEntry(ctx, config.Cluster, state.Cluster, state.FSID, &resp.Diagnostics)
	if err != nil {
		tfkit.AddAttributeError(&resp.Diagnostics, atCluster, "Unable to plan Ceph pool", err)
		return
	}
	plan.Cluster, plan.FSID = entry.Label, entry.Identity
	resting := exists && !entry.Moved && autoscalerRests(ctx, entry, config, state, plan, &resp.Diagnostics)
	planDerived(config, state, plan, exists, resting)
	if exists && !entry.Moved {
		holdMinSize(ctx, entry, config, state, plan, &resp.Diagnostics)
	}
	plan.ID = plan.id()
	checkName(state, plan, &resp.Diagnostics)
	checkType(config, state, plan, exists, &resp.Diagnostics)
	checkConfig(ctx, plan, &resp.Diagnostics)
	if entry.Known && !plan.Config.Equal(state.Config) {
		tfkit.CheckRBDConfig(ctx, entry.Target, plan.Config, atConfig, &resp.Diagnostics)
	}

	if exists {
		replaced := state.replacedBy(plan)
		if entry.Moved {
			replaced = append(replaced, atCluster)
		}
		resp.RequiresReplace = append(resp.RequiresReplace, replaced...)
		if len(replaced) > 0 {
			r.refuseReplacement(ctx, state, replaced[0], &resp.Diagnostics)
		} else {
			r.checkChange(ctx, entry, config, state, plan, resp)
		}
	}
	if !exists {
		r.PlanCreate(plan.object(), &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// autoscalerRests tells whether the autoscaler, which a pool has left its placement groups to, is switched off for the whole cluster: the
// numbers that are configured stay then. It is only asked where they are not those that the pool has.
func autoscalerRests(
	ctx context.Context, entry tfkit.Entry[*ceph.Cluster], config, state, plan *model, diags *diag.Diagnostics,
) bool {
	differs := func(configured, present types.Int64) bool {
		return !configured.IsNull() && !configured.IsUnknown() && !configured.Equal(present)
	}
	if !entry.Known || !plan.autoscaled() || !state.autoscaled() ||
		!differs(config.PGNum, state.PGNum) && !differs(config.PGPNum, state.PGPNum) {
		return false
	}
	resting, err := entry.Target.AutoscalerRests(ctx)
	if err != nil {
		tfkit.AddAttributeError(diags, path.Root("pg_num"), "Unable to plan Ceph pool", err)
	}
	return resting
}

// holdMinSize plans the present min_size in place of a larger one while a cluster that is stretched over two sites has lost one: the larger
// one would undo what the monitors have done so that the other serves the guests, and they raise it themselves when the site is back. A
// smaller one is planned as ever.
func holdMinSize(ctx context.Context, entry tfkit.Entry[*ceph.Cluster], config, state, plan *model, diags *diag.Diagnostics) {
	wanted, present := config.MinSize, state.MinSize
	if !entry.Known || wanted.IsNull() || wanted.IsUnknown() || present.IsNull() || wanted.ValueInt64() <= present.ValueInt64() {
		return
	}
	degraded, err := entry.Target.StretchModeDegraded(ctx)
	if err != nil {
		tfkit.AddAttributeError(diags, path.Root("min_size"), "Unable to plan Ceph pool", err)
		return
	}
	if !degraded {
		return
	}
	plan.MinSize = present
	diags.AddAttributeWarning(path.Root("min_size"), "Left to the stretch mode", fmt.Sprintf(
		"Pool %q has min_size %d; the configuration says %d. Cluster %q is stretched over two sites, and one of them is away or not"+
			" recovered yet. The monitors have halved min_size so that the other serves the pool, and raise it again when the site has recovered;"+
			" until then it is left as it is. Where that happens before this plan is applied, plan again. See ceph health detail.",
		state.Name.ValueString(), present.ValueInt64(), wanted.ValueInt64(), entry.Target.Label()))
}

// planDerived plans the attributes that follow from others; resting tells that no autoscaler changes any pool. They are unknown
// where the cluster will decide again.
func planDerived(config, state, plan *model, exists, resting bool) {
	if config.Type.IsNull() && config.ErasureCodeProfile.IsNull() && !exists {
		plan.Type = types.StringValue(ceph.Replicated)
	}
	if config.Type.IsNull() && !config.ErasureCodeProfile.IsNull() && !config.ErasureCodeProfile.IsUnknown() {
		plan.Type = types.StringValue(ceph.Erasure)
	}
	if !exists {
		return
	}
	if config.MinSize.IsNull() && !plan.Size.Equal(state.Size) {
		plan.MinSize = types.Int64Unknown()
	}
	if plan.autoscaled() && state.autoscaled() && !resting {
		// The autoscaler decides the number: it would undo any other within minutes.
		plan.PGNum, plan.PGPNum = state.PGNum, state.PGPNum
	} else if config.PGPNum.IsNull() && !plan.PGNum.Equal(state.PGNum) {
		plan.PGPNum = types.Int64Unknown()
	}
}

// checkName refuses a new name of the form that Ceph reserves for its own pools: newer monitors accept it and then do nothing.
func checkName(state, plan *model, diags *diag.Diagnostics) {
	if strings.HasPrefix(plan.Name.ValueString(), ".") && !plan.Name.Equal(state.Name) {
		diags.AddAttributeError(atName, "Name of Ceph's own",
			fmt.Sprintf("Names that begin with a dot, such as %q, are for Ceph's own pools. Choose another name.", plan.Name.ValueString()))
	}
}

// checkType refuses arguments that the pool's type does not use.
func checkType(config, state, plan *model, exists bool, diags *diag.Diagnostics) {
	if plan.Type.IsUnknown() {
		return
	}
	if plan.poolType() == ceph.Erasure {
		if !config.Config.IsNull() && !config.Config.IsUnknown() {
			diags.AddAttributeError(atConfig, "Argument of a replicated pool",
				"RBD's settings are kept in the pool that holds the images' headers, which an erasure-coded pool can't. Set config on that pool, or"+
					" on each image.")
		}
		if !config.Size.IsNull() && !config.Size.IsUnknown() && (!exists || !config.Size.Equal(state.Size)) {
			diags.AddAttributeError(path.Root("size"), "Argument of a replicated pool",
				"The size of an erasure-coded pool is k+m of its erasure code profile. Leave size out.")
		}
		return
	}
	if config.Size.ValueInt64() > mostCopies {
		diags.AddAttributeError(path.Root("size"), "More copies than Ceph keeps",
			fmt.Sprintf("A replicated pool has from 1 to %d copies, not %d.", mostCopies, config.Size.ValueInt64()))
	}
	if config.ErasureCodeProfile.ValueString() != "" {
		diags.AddAttributeError(path.Root("erasure_code_profile"), "Argument of an erasure-coded pool",
			"A replicated pool has no erasure code profile. Set type = \"erasure\", or leave the profile out.")
	}
	if config.AllowECOverwrites.ValueBool() {
		diags.AddAttributeError(path.Root("allow_ec_overwrites"), "Argument of an erasure-coded pool",
			"A replicated pool is always open to overwrites. Set type = \"erasure\", or leave allow_ec_overwrites out.")
	}
	if !config.Size.IsUnknown() && config.MinSize.ValueInt64() > plan.Size.ValueInt64() && plan.Size.ValueInt64() > 0 {
		diags.AddAttributeError(path.Root("min_size"), "Larger than size",
			fmt.Sprintf("A pool of size %d never has %d copies: it could never be written. Choose min_size from 1 to size.",
				plan.Size.ValueInt64(), config.MinSize.ValueInt64()))
	}
}

// refuseReplacement refuses in the plan to replace a pool that is not empty.
func (r *poolResource) refuseReplacement(ctx context.Context, state *model, because path.Path, diags *diag.Diagnostics) {
	if state.ForceDestroy.ValueBool() {
		return
	}
	entry, err := r.Clusters.ResolveEntry(ctx, state.Cluster, state.FSID, diags)
	if err == nil {
		err = refuseUnlessEmpty(ctx, entry.Target, state.Name.ValueString())
	}
	if err != nil && !problem.Is(err, problem.NotFound) {
		tfkit.AddAttributeError(diags, because, "Replacement of a pool that is not empty", err)
	}
}

// checkChange refuses in the plan what an update would refuse, and warns of what costs time and bandwidth.
func (r *poolResource) checkChange(
	ctx context.Context, entry tfkit.Entry[*ceph.Cluster], config, state, plan *model, resp *resource.ModifyPlanResponse,
) {
	if entry.Known && !plan.Name.IsUnknown() && !plan.Name.Equal(state.Name) {
		if err := refuseRename(ctx, entry.Target, state.Name.ValueString(), plan.Name.ValueString()); err != nil {
			tfkit.AddAttributeError(&resp.Diagnostics, atName, "Unable to rename Ceph pool", err)
		}
		r.PlanPoolRename(entry.Identity.ValueString(), plan.Name.ValueString(), state.PoolID.ValueInt64())
	}
	present := r.PlannedRule(entry.Identity.ValueString(), plan.CrushRule.ValueString())
	if present != "" && present == state.CrushRule.ValueString() {
		renamed := *state
		renamed.CrushRule = plan.CrushRule
		state = &renamed
	}
	if entry.Known {
		planPlacement(ctx, entry.Target, state, plan, &resp.Diagnostics)
		warnOfQuota(ctx, entry.Target, state, plan, &resp.Diagnostics)
	}
	if config.PGNum.IsNull() && !plan.autoscaled() {
		notAbove(&resp.Diagnostics, "pg_num_min", plan.PGNumMin, "pg_num", plan.PGNum)
		notAbove(&resp.Diagnostics, "pg_num", plan.PGNum, "pg_num_max", plan.PGNumMax)
	}
	if !config.PGNum.IsNull() && !config.PGNum.Equal(plan.PGNum) {
		resp.Diagnostics.AddAttributeWarning(path.Root("pg_num"), "Left to the autoscaler", fmt.Sprintf(
			"Pool %q has %d placement groups, which the autoscaler chose; the configuration says %d. Remove pg_num, bound it with pg_num_min and"+
				" pg_num_max, or set pg_autoscale_mode to \"warn\" or \"off\".", state.Name.ValueString(), plan.PGNum.ValueInt64(),
			config.PGNum.ValueInt64()))
	}
	if moving := state.movesData(plan); len(moving) > 0 {
		resp.Diagnostics.AddWarning("Ceph will move data", fmt.Sprintf(
			"The change of %s makes the cluster move objects of pool %q between OSDs. It goes on after the apply has returned; `ceph"+
				" status` shows it.",
			strings.Join(moving, ", "), state.Name.ValueString()))
	}
}
