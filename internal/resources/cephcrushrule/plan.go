package cephcrushrule

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// ModifyPlan finds the rule's cluster, decides what replaces the rule, and refuses to replace one that a pool uses.
func (r *ruleResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if tfkit.PlansNoChange(req) || tfkit.PlansRemoval(ctx, r.Base, req, resp, (*model).object) {
		return
	}
	sides, ok := tfkit.ReadPlanSides[model](ctx, r.Base, req, resp)
	if !ok {
		return
	}
	state, plan := sides.State, sides.Plan
	entry, err := r.Clusters.PlanEntry(ctx, sides.Config.Cluster, state.Cluster, state.FSID, &resp.Diagnostics)
	if err != nil {
		tfkit.AddAttributeError(&resp.Diagnostics, atCluster, "Unable to plan CRUSH rule", err)
		return
	}
	plan.Cluster, plan.FSID = entry.Label, entry.Identity
	planDerived(sides.Config, state, plan, sides.Exists)
	plan.ID = plan.id()
	var replaced path.Paths
	if sides.Exists {
		replaced = state.replacedBy(sides.Config, plan)
		if entry.Moved {
			replaced = append(replaced, atCluster)
		}
		resp.RequiresReplace = replaced
		if len(replaced) > 0 {
			r.refuseReplacement(ctx, state, replaced[0], &resp.Diagnostics)
		} else if entry.Known {
			r.checkChange(ctx, entry, state, plan, &resp.Diagnostics)
		}
	}
	if !sides.Exists || len(replaced) > 0 {
		refuseWithoutProfile(plan, &resp.Diagnostics)
	}
	if !sides.Exists {
		r.PlanCreate(plan.object(), &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// planDerived plans what is left out of the configuration. A profile decides it, at the apply; without one a new rule gets the defaults.
func planDerived(config, state, plan *model, exists bool) {
	profile := config.ErasureCodeProfile
	if config.Type.IsNull() {
		switch {
		case !profile.IsNull() && !profile.IsUnknown():
			plan.Type = types.StringValue(ceph.Erasure)
		case exists && (profile.IsNull() || state.Type.ValueString() == ceph.Erasure):
			plan.Type = state.Type
		case profile.IsNull():
			plan.Type = types.StringValue(ceph.Replicated)
		default:
			plan.Type = types.StringUnknown() // of a replicated rule that may get a profile
		}
	}
	for _, argument := range []struct {
		config, recorded types.String
		plan             *types.String
		initial          string
	}{
		{config.Root, state.Root, &plan.Root, defaultRoot},
		{config.FailureDomain, state.FailureDomain, &plan.FailureDomain, defaultDomain},
	} {
		switch {
		case !argument.config.IsNull():
		case exists:
			*argument.plan = argument.recorded
		case profile.IsNull():
			*argument.plan = types.StringValue(argument.initial)
		default:
			*argument.plan = types.StringUnknown()
		}
	}
}

// ofProfile plans an argument that is unset where it is left out, unless a profile decides it.
type ofProfile struct{ tfkit.Described }

// PlanModifyString is called by the framework, also where the recorded value is all that speaks against the configuration.
func (ofProfile) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	var profile types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, atProfile, &profile)...)
	switch {
	case !req.ConfigValue.IsNull():
	case profile.IsNull():
		resp.PlanValue = types.StringNull()
	case !req.State.Raw.IsNull():
		resp.PlanValue = req.StateValue
	default:
		resp.PlanValue = types.StringUnknown()
	}
}

// refuseWithoutProfile refuses a new rule that Ceph has no command for.
func refuseWithoutProfile(plan *model, diags *diag.Diagnostics) {
	if plan.Type.ValueString() == ceph.Erasure && plan.ErasureCodeProfile.IsNull() {
		diags.AddAttributeError(atType, "Rule without a profile", "Ceph makes a rule of the type \"erasure\" only from an erasure code"+
			" profile, which says its root, failure domain and device class. Set erasure_code_profile, and leave root, failure_domain and"+
			" device_class out; or set type = \"replicated\".")
	}
}

// checkChange refuses in the plan what an update would refuse, and notes the rule's new name for the pools that refer to it.
func (r *ruleResource) checkChange(
	ctx context.Context, entry tfkit.Entry[*ceph.Cluster], state, plan *model, diags *diag.Diagnostics,
) {
	if from, to := state.Name.ValueString(), plan.Name.ValueString(); !plan.Name.IsUnknown() && from != to {
		if err := refuseRename(ctx, entry.Target, from, to); err != nil {
			tfkit.AddAttributeError(diags, atName, "Unable to rename CRUSH rule", err)
		}
		r.PlanRuleRename(entry.Identity.ValueString(), from, to)
	}
	if firstProfile(state, plan) {
		if err := refuseOtherProfile(ctx, entry.Target, plan.ErasureCodeProfile.ValueString(), state.recorded()); err != nil {
			tfkit.AddAttributeError(diags, atProfile, "Profile of another rule", err)
		}
	}
}

func refuseRename(ctx context.Context, cluster *ceph.Cluster, from, to string) error {
	taken, err := cluster.CrushRule(ctx, to)
	if problem.Is(err, problem.NotFound) {
		return nil
	}
	if err == nil {
		err = &problem.Problem{
			Kind: problem.Exists,
			What: fmt.Sprintf("CRUSH rule %q on cluster %q can't be renamed to %q.", from, cluster.Label(), to),
			Why:  fmt.Sprintf("The cluster already has a CRUSH rule %q, with id %d.", to, taken.ID),
			Do:   "Choose another name, or delete or rename that rule in an apply before.",
		}
	}
	return err
}

// firstProfile tells whether the configuration names a profile for a rule of which none is recorded, as after an import.
func firstProfile(state, plan *model) bool {
	return state.ErasureCodeProfile.IsNull() && plan.ErasureCodeProfile.ValueString() != ""
}

// refuseOtherProfile refuses a profile that the rule can't have been made from.
func refuseOtherProfile(ctx context.Context, cluster *ceph.Cluster, name string, rule ceph.CrushRule) error {
	profile, err := cluster.ErasureCodeProfile(ctx, name)
	if err != nil {
		return err
	}
	made := ceph.CrushRule{
		Type: ceph.Erasure, Root: profile.Root, FailureDomain: profile.FailureDomain, DeviceClass: profile.DeviceClass,
	}
	if rule.ChoosesAs(made) {
		return nil
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("CRUSH rule %q on cluster %q was not made from erasure code profile %q.", rule.Name, cluster.Label(), name),
		Why:  fmt.Sprintf("The rule has %s; of the profile it would have %s.", choice(rule), choice(made)),
		Do:   "Name the profile that it was made from, or leave erasure_code_profile out. For a rule from this profile add another resource.",
	}
}

// choice says for a message what a rule chooses.
func choice(rule ceph.CrushRule) string {
	class := "no device class"
	if rule.DeviceClass != "" {
		class = fmt.Sprintf("device class %q", rule.DeviceClass)
	}
	return fmt.Sprintf("type %q, root %q, failure domain %q and %s", rule.PoolType(), rule.Root, rule.FailureDomain, class)
}

// refuseReplacement refuses in the plan to replace a rule that a pool uses.
func (r *ruleResource) refuseReplacement(ctx context.Context, state *model, because path.Path, diags *diag.Diagnostics) {
	entry, err := r.Clusters.ResolveEntry(ctx, state.Cluster, state.FSID, diags)
	if err == nil {
		var found ceph.CrushRule
		if found, err = find(ctx, entry.Target, state); err == nil {
			err = refuseUsed(ctx, entry.Target, found.Name, "replaced")
		}
	}
	if err != nil && !problem.Is(err, problem.NotFound) {
		tfkit.AddAttributeError(diags, because, "Replacement of a CRUSH rule that is in use", err)
	}
}

// refuseUsed refuses a rule that a pool uses.
func refuseUsed(ctx context.Context, cluster *ceph.Cluster, rule, what string) error {
	pools, err := cluster.CrushRulePools(ctx, rule)
	if err != nil || len(pools) == 0 {
		return err
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("CRUSH rule %q on cluster %q can't be %s. Pools use it: %s.", rule, cluster.Label(), what, strings.Join(pools, ", ")),
		Why:  "A rule goes only while no pool uses it, and Ceph can't change the steps of one.",
		Do: "Add a rule of another name and give it to the pools in one apply (crush_rule of ceph_pool, or ceph osd pool set POOL crush_rule" +
			" RULE), and remove this one in the next.",
	}
}
